/**
 * The same scripts on the official server and on this one. A script's answers are compared value by value, on memory and on file
 * streams; many scripts run at the same time, because most of their time is waiting.
 */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVER_VERSION } from "../version.ts";
import { findOfficialServer } from "./api/official-server.contract.ts";
import { acknowledging } from "./consumer-ack-scenarios.contract.ts";
import { creations, updates } from "./consumer-create-scenarios.contract.ts";
import { pulling } from "./consumer-pull-scenarios.contract.ts";
import { requests } from "./consumer-request-scenarios.contract.ts";
import { highSequences } from "./consumer-sequence-scenarios.contract.ts";
import { type ComparedServer, startOfficial, startReference } from "./consumer-servers.contract.ts";
import { type Scenario, Session } from "./consumer-session.contract.ts";
import { priorities } from "./priority-scenarios.contract.ts";
import { pushCreations, pushUpdates } from "./push-create-scenarios.contract.ts";
import { pushing, pushPacing } from "./push-scenarios.contract.ts";

const command = findOfficialServer(SERVER_VERSION);
/** What only configures a consumer does not depend on where messages are kept. */
const scenarios = {
  memory: [
    ...creations,
    ...updates,
    ...acknowledging,
    ...pulling,
    ...requests,
    ...highSequences,
    ...priorities,
    ...pushCreations,
    ...pushUpdates,
    ...pushing,
    ...pushPacing,
  ],
  file: [...acknowledging, ...pulling, ...highSequences, ...pushing],
} as const satisfies Record<string, readonly Scenario[]>;
const storages = ["memory", "file"] as const;

/** So many scripts run at once on one connection: enough to wait together, few enough for their deadlines to hold on a busy machine. */
const lanes = 16;

/** What each script answered, by its index. */
async function runAll(connection: NatsConnection, storage: keyof typeof scenarios): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < scenarios[storage].length; index = next++) {
      const session = new Session(connection, { stream: `S${index}${storage}`, storage });
      outcomes[index] = await scenarios[storage][index]?.run(session).catch((error: unknown) => String(error));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

describe.skipIf(command === undefined)(`the official server ${SERVER_VERSION} (skipped unless it is installed)`, () => {
  const servers: ComparedServer[] = [];
  const connections: NatsConnection[] = [];
  const outcomes = new Map<string, readonly unknown[][]>();

  beforeAll(async () => {
    servers.push(await startOfficial(command ?? ""), await startReference());
    for (const { url } of servers) {
      connections.push(await connect({ servers: url }));
    }
    for (const storage of storages) {
      outcomes.set(storage, await Promise.all(connections.map((connection) => runAll(connection, storage))));
    }
  }, 120_000);

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(servers.map((server) => server.stop()));
  });

  describe.each(storages)("with %s storage", (storage) => {
    test.each(scenarios[storage].map(({ name }, index) => [name, index] as const))("answers the same: %s", (_name, index) => {
      const [theirs, ours] = (outcomes.get(storage) ?? []).map((all) => all[index]);
      expect(theirs).not.toBeTypeOf("string");
      expect(ours).toEqual(theirs);
    });
  });
});
