/** Fast batches on this server, and the same on the official one when it is installed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FastStep, findOfficialServer, OfficialServer } from "./api/official-server.contract.ts";
import { parseFastBatchReply } from "./fast-batch-reply.ts";
import { JetStreamFixture } from "./jetstream-fixture.contract.ts";

const config = { name: "S", subjects: ["s.>"], storage: "memory", allow_batched: true };

type Step = readonly [sequence: number, operation: number, headers?: Readonly<Record<string, string>>];
type Batch = { readonly id: string; readonly gap?: "ok" | "fail"; readonly flow?: number; readonly steps: readonly Step[] };

function toSteps({ id, gap = "fail", flow = 2, steps }: Batch): readonly FastStep[] {
  return steps.map(([sequence, operation, headers]) => ({
    subject: "s.a",
    reply: `_F.${id}.${flow}.${gap}.${sequence}.${operation}.$FI`,
    ...(headers === undefined ? {} : { headers }),
  }));
}

/** All answers, in order, each with the subject it came to. */
function ours(fixture: JetStreamFixture, steps: readonly FastStep[]): readonly string[] {
  const answers: string[] = [];
  const subscription = fixture.account.subscribe("_F.>", (message) => {
    const body = Buffer.from(message.buffer.subarray(message.payloadStart, message.payloadEnd)).toString("utf8");
    answers.push(`${message.subject.text} ${body}`);
  });
  for (const { subject, reply, headers } of steps) {
    fixture.publish(subject, { reply, ...(headers === undefined ? {} : { headers }) });
  }
  subscription.unsubscribe();
  return answers;
}

const batches: Readonly<Record<string, Batch>> = {
  "a batch that ends with a message": {
    id: "plain",
    steps: [
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 2],
    ],
  },
  "a batch that ends without a message": {
    id: "eob",
    steps: [
      [1, 0],
      [2, 1],
      [3, 3],
    ],
  },
  "a batch of one": { id: "one", steps: [[1, 2]] },
  "a gap that ends the batch": {
    id: "gap",
    steps: [
      [1, 0],
      [2, 1],
      [5, 1],
      [6, 1],
    ],
  },
  "a gap that the client allows": {
    id: "gap-ok",
    gap: "ok",
    steps: [
      [1, 0],
      [5, 1],
      [6, 1],
      [7, 2],
    ],
  },
  "a sequence that comes again": {
    id: "back",
    gap: "ok",
    steps: [
      [1, 0],
      [2, 1],
      [2, 1],
      [3, 1],
    ],
  },
  "pings, also ahead of what came": {
    id: "ping",
    gap: "ok",
    steps: [
      [1, 0],
      [1, 4],
      [2, 1],
      [5, 4],
      [6, 1],
      [7, 3],
    ],
  },
  "a ping that finds a gap": {
    id: "ping-fail",
    steps: [
      [1, 0],
      [5, 4],
      [2, 1],
    ],
  },
  duplicates: {
    id: "dup",
    steps: [
      [1, 0, { "Nats-Msg-Id": "m1" }],
      [2, 1, { "Nats-Msg-Id": "m1" }],
      [3, 2],
    ],
  },
  "a duplicate at the beginning": { id: "dup-first", steps: [[1, 2, { "Nats-Msg-Id": "m1" }]] },
  "an error at the beginning": { id: "err-first", steps: [[1, 0, { "Nats-Expected-Stream": "T" }]] },
  "an error that ends the batch": {
    id: "err",
    steps: [
      [1, 0],
      [2, 1, { "Nats-Expected-Stream": "T" }],
      [3, 1],
    ],
  },
  "an error that the client allows": {
    id: "err-ok",
    gap: "ok",
    steps: [
      [1, 0],
      [2, 1, { "Nats-Expected-Stream": "T" }],
      [3, 1],
      [4, 2],
    ],
  },
  "an error of the last message": {
    id: "err-end",
    gap: "ok",
    steps: [
      [1, 0],
      [2, 2, { "Nats-Expected-Stream": "T" }],
    ],
  },
  "an unknown batch": {
    id: "unknown",
    steps: [
      [2, 1],
      [1, 4],
    ],
  },
  "a pattern that is none": {
    id: "pattern",
    steps: [
      [1, 1],
      [2, 0],
      [1, 3],
      [1, 9],
    ],
  },
  "an id that is too long": { id: "x".repeat(65), steps: [[1, 0]] },
  "a server that is too old": { id: "level", steps: [[1, 0, { "Nats-Required-Api-Level": "99" }]] },
  "acknowledgements that come less and less often": {
    id: "flow",
    flow: 8,
    steps: [...Array.from({ length: 40 }, (_, index): Step => [index + 1, index === 0 ? 0 : 1]), [41, 3]],
  },
};

test("a fast batch is acknowledged as it goes and once at its end", () => {
  const fixture = new JetStreamFixture();
  fixture.createStream(config);
  expect(
    ours(
      fixture,
      toSteps({
        id: "b",
        steps: [
          [1, 0],
          [2, 1],
          [3, 3],
        ],
      }),
    ),
  ).toEqual([
    '_F.b.2.fail.1.0.$FI {"type":"ack","seq":0,"msgs":2}',
    '_F.b.2.fail.2.1.$FI {"type":"ack","seq":2,"msgs":2}',
    '_F.b.2.fail.3.3.$FI {"stream":"S","seq":2,"batch":"b","count":2}',
  ]);
});

test("a stream that allows no batches says so", () => {
  const fixture = new JetStreamFixture();
  fixture.createStream({ ...config, allow_batched: false });
  expect(ours(fixture, toSteps({ id: "b", steps: [[1, 0]] }))[0]).toContain('"err_code":10205');
});

test("the reply of a batch is read from its end, whatever the inbox looks like", () => {
  expect(parseFastBatchReply("_INBOX.a.b.id.0.ok.7.1.$FI")).toMatchObject({ id: "id", flow: 10, sequence: 7, isGapAllowed: true });
  expect(parseFastBatchReply("id.0.ok.7.1.$FI")).toBeUndefined();
  expect(parseFastBatchReply("_F.id.0.maybe.7.1.$FI")).toBeUndefined();
});

const command = findOfficialServer("2.15.2");

describe.skipIf(command === undefined)("the official server 2.15.2 (skipped unless it is installed)", () => {
  let official: OfficialServer;
  const fixture = new JetStreamFixture();

  beforeAll(async () => {
    official = await OfficialServer.start(command ?? "", "fixture");
    await official.ask("$JS.API.STREAM.CREATE.S", JSON.stringify(config));
    fixture.createStream(config);
  }, 30_000);

  afterAll(() => official.stop());

  test.each(Object.entries(batches))("answers the same: %s", async (_title, batch) => {
    const answers = ours(fixture, toSteps(batch));
    expect(answers).toEqual(await official.publishAll(toSteps(batch), answers.length));
  });
});
