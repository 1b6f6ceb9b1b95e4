/** The server's own JetStream limits, from the configuration file to the answers, on the official server and on this one. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { BareConnection } from "./jetstream/api/official-server.contract.ts";
import { findOfficialServer, ourServer, ServerProcess } from "./official-server.contract.ts";
import { SERVER_VERSION } from "./version.ts";

const official = findOfficialServer();
const running: ServerProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

type Step = readonly [subject: string, body: string];

const stream = (verb: "CREATE" | "UPDATE", name: string, settings: Readonly<Record<string, unknown>> = {}): Step => [
  `$JS.API.STREAM.${verb}.${name}`,
  JSON.stringify({ name, subjects: [`${name}.>`], ...settings }),
];
const consumer = (name: string, settings: Readonly<Record<string, unknown>> = {}): Step => [
  `$JS.API.CONSUMER.CREATE.S.${name}`,
  JSON.stringify({ stream_name: "S", config: { durable_name: name, ack_policy: "explicit", ...settings } }),
];
const repeated = (count: number, step: Step): readonly Step[] => Array.from({ length: count }, () => step);
const info: Step = ["$JS.API.INFO", ""];

async function answers(command: string, jetStream: string, steps: readonly Step[]): Promise<readonly unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), "server-"));
  writeFileSync(join(folder, "server.conf"), `listen: "127.0.0.1:-1"\nserver_name: limits\njetstream { store_dir: store, ${jetStream} }\n`);
  const server = new ServerProcess(command, ["-c", "server.conf"], folder);
  running.push(server);
  const connection = await BareConnection.open(await server.port());
  const told: unknown[] = [];
  for (const [subject, body] of steps) {
    const replies = await connection.ask(subject, body);
    const shown = replies.map(({ headers, data }) => (headers + data).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"));
    told.push([`${subject} ${body.slice(0, 150)}`, shown]);
  }
  connection.close();
  return told;
}

const file = { storage: "file" } as const;
const memory = { storage: "memory" } as const;

const scripts: readonly (readonly [title: string, jetStream: string, steps: readonly Step[]])[] = [
  [
    "limits that consumers and streams get from the server",
    "limits { duplicate_window: 10s, max_ack_pending: 5, max_request_batch: 3, default_max_consumers: 3 }",
    [
      stream("CREATE", "S"),
      stream("CREATE", "T", { duplicate_window: 20e9 }),
      stream("CREATE", "T", { duplicate_window: 10e9 }),
      stream("UPDATE", "T", { duplicate_window: 11e9 }),
      consumer("A"),
      consumer("B", { max_ack_pending: 6 }),
      consumer("B", { max_ack_pending: 5 }),
      consumer("C", { max_batch: 4 }),
      consumer("C", { max_batch: 2 }),
      consumer("D"),
      ["$JS.API.CONSUMER.MSG.NEXT.S.A", '{"batch":4,"no_wait":true}'],
      ["$JS.API.CONSUMER.DELETE.S.B", ""],
      consumer("D"),
    ],
  ],
  [
    "a stream's own number of consumers stands above the server's",
    "limits { default_max_consumers: 1 }",
    [stream("CREATE", "S", { max_consumers: 2 }), consumer("A"), consumer("B"), consumer("C")],
  ],
  ["no number of consumers", "limits { default_max_consumers: -1 }", [stream("CREATE", "S"), consumer("A"), consumer("B")]],
  [
    "what max_bytes promises has to fit",
    "max_file_store: 10000, max_memory_store: 5000",
    [
      stream("CREATE", "S"),
      stream("CREATE", "R", { max_bytes: 9000 }),
      stream("CREATE", "Q", { max_bytes: 2000 }),
      stream("CREATE", "Q", { max_bytes: 1000 }),
      stream("CREATE", "P"),
      stream("CREATE", "M", { ...memory, max_bytes: 6000 }),
      stream("CREATE", "M", { ...memory, max_bytes: 3000 }),
      stream("UPDATE", "M", { ...memory, max_bytes: 5000 }),
      stream("UPDATE", "M", { ...memory, max_bytes: 6000 }),
      stream("CREATE", "N", memory),
      stream("UPDATE", "R", { max_bytes: 9001 }),
      stream("UPDATE", "R", { max_bytes: 8000 }),
      stream("UPDATE", "S", { max_bytes: 1000 }),
      stream("UPDATE", "S", { max_bytes: 1001 }),
      stream("UPDATE", "S"),
      info,
      ["$JS.API.STREAM.DELETE.R", ""],
      stream("CREATE", "P"),
      info,
    ],
  ],
  [
    "memory that is used up",
    "max_memory_store: 5000",
    [
      stream("CREATE", "S", memory),
      ...repeated(8, ["S.a", "x".repeat(900)]),
      stream("CREATE", "T", memory),
      ["T.a", "x"],
      info,
      ["$JS.API.STREAM.PURGE.S", ""],
      ["S.a", "x"],
      info,
    ],
  ],
  [
    "files that are used up",
    "max_file_store: 10000",
    [
      stream("CREATE", "S"),
      ...repeated(8, ["S.a", "x".repeat(1800)]),
      stream("CREATE", "T"),
      ["T.a", "x"],
      info,
      ["$JS.API.STREAM.PURGE.S", ""],
      ["S.a", "x"],
      info,
    ],
  ],
  [
    "no storage at all",
    "max_file_store: 0, max_memory_store: 0",
    [stream("CREATE", "S", file), stream("CREATE", "S", memory), stream("CREATE", "S", { ...file, max_bytes: 5 }), info],
  ],
];

describe.skipIf(official === undefined)(`the official server ${SERVER_VERSION} (skipped unless it is installed)`, () => {
  test.each(scripts)(
    "answers the same: %s",
    async (_title, jetStream, steps) => {
      const [theirs, ours] = await Promise.all([answers(official ?? "", jetStream, steps), answers(ourServer, jetStream, steps)]);
      expect(ours).toEqual(theirs);
    },
    60_000,
  );
});
