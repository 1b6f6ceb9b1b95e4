/**
 * The same requests to the official server and to this one: the answers are compared byte for byte, with times masked. A field
 * that one of them alone adds, drops or words otherwise fails here.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JetStreamFixture, type Reply } from "../jetstream-fixture.contract.ts";
import { type Step, scenarios } from "./official-scenarios.contract.ts";
import { findOfficialServer, OfficialServer } from "./official-server.contract.ts";

const VERSION = "2.15.2";
const NAME = "fixture";
const command = findOfficialServer(VERSION);

/** The memory store of the fixture is asked for memory streams only. */
function onMemory([subject, body, headers]: Step): [string, string, Readonly<Record<string, string>> | undefined] {
  const isConfig = /^\$JS\.API\.STREAM\.(CREATE|UPDATE)\./.test(subject);
  if (typeof body === "string" || body === undefined) {
    const text = body ?? "";
    return [subject, isConfig ? text.replace(/^\{"name":"(\w)",/, '{"name":"$1","storage":"memory",') : text, headers];
  }
  return [subject, JSON.stringify(isConfig && !("storage" in body) ? { ...body, storage: "memory" } : body), headers];
}

function masked(replies: readonly Reply[]): readonly string[] {
  return replies.map(({ headers, data }) =>
    (headers + data)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => (time.startsWith("0001") ? time : "TIME"))
      .replace(/"memory":\d+/, '"memory":N'),
  );
}

describe.skipIf(command === undefined)(`the official server ${VERSION} (skipped unless it is installed)`, () => {
  let official: OfficialServer;
  // One for all scenarios, as the official server is, so that the API statistics have to agree at the end too.
  const fixture = new JetStreamFixture({ limits: { maxMemory: 1e12, maxFile: 1e12 } });

  beforeAll(async () => {
    official = await OfficialServer.start(command ?? "", NAME);
  }, 30_000);

  afterAll(() => official.stop());

  test.each(Object.entries(scenarios))(
    "answers the same: %s",
    async (_title, steps) => {
      const theirs: (readonly [string, readonly string[]])[] = [];
      const ours: (readonly [string, readonly string[]])[] = [];
      for (const step of steps) {
        const [subject, body, headers] = onMemory(step);
        const asked = `${subject} ${body.slice(0, 200)} ${headers === undefined ? "" : JSON.stringify(headers)}`;
        theirs.push([asked, masked(await official.ask(subject, body, headers))]);
        ours.push([asked, masked(fixture.requestAll(subject, body, headers))]);
      }
      expect(ours).toEqual(theirs);
    },
    60_000,
  );
});
