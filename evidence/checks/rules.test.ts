/** The rules of single checks that a property over a naive server does not reach, each on the smallest history that shows it. */
import { expect, test } from "vitest";
import type { Operation, StreamLimits } from "../history/events.ts";
import { HistoryWriter } from "../history/history-writer.ts";
import { lossPictureOf } from "./loss-picture.ts";
import { NaiveServer } from "./naive-server.ts";
import { checks } from "./registry.ts";

type Verdict = ReturnType<NonNullable<(typeof checks)[string]>["judge"]>;

/** A writer with a clock that counts, and short words for what happens. */
function sketch() {
  let now = 0;
  const writer = new HistoryWriter({ now: () => (now += 1) });
  const ask = (op: Operation, process = 1): number => writer.invoke(process, op);
  return {
    writer,
    wait: (ms: number): void => void (now += ms),
    publish: (
      seq: string,
      about: {
        msgId?: string;
        subject?: string;
        process?: number;
        duplicate?: boolean;
        digest?: string;
        bytes?: number;
        expectLastSeq?: string;
        expectLastSubjectSeq?: string;
      } = {},
    ) => {
      const { subject = "s.a", process = 1, duplicate, digest = `digest-${seq}`, ...rest } = about;
      writer.ok(ask({ kind: "publish", stream: "S", subject, digest, ...rest }, process), {
        seq,
        ...(duplicate === undefined ? {} : { duplicate }),
      });
    },
    ok: (op: Operation): void => writer.ok(ask(op)),
    unknown: (op: Operation): void => writer.info(ask(op), "timeout"),
    /** Reads back these sequences, as they were published unless a digest is given. */
    readBack: (seqs: readonly (string | [seq: string, digest: string])[], lastSeq: string): void => {
      for (const each of seqs) {
        const [seq, digest] = typeof each === "string" ? [each, `digest-${each}`] : each;
        writer.read({ stream: "S", seq, subject: "s.a", digest });
      }
      writer.readEnd({ stream: "S", complete: true, lastSeq });
    },
    judge: (id: string): Verdict => {
      const check = checks[id];
      if (check === undefined) {
        throw new Error(`no check ${id}`);
      }
      return check.judge(writer.history());
    },
  };
}

const removals: readonly [says: string, op: Operation][] = [
  ["delete of the message", { kind: "delete-message", stream: "S", seq: "1" }],
  ["purge", { kind: "purge", stream: "S" }],
  ["purge of its subject", { kind: "purge", stream: "S", filter: "s.*" }],
  ["purge below a higher sequence", { kind: "purge", stream: "S", below: "2" }],
  ["delete of the stream", { kind: "delete-stream", stream: "S" }],
];

for (const [says, op] of removals) {
  test(`an unanswered ${says} may have removed a message, one that came before it did not`, () => {
    const after = sketch();
    after.publish("1");
    after.unknown(op);
    after.readBack([], "1");
    expect(after.judge("no-acked-loss").outcome).toBe("pass");

    const before = sketch();
    before.ok(op);
    before.publish("1");
    before.readBack([], "1");
    expect(before.judge("no-acked-loss").outcome).toBe("fail");
  });
}

test("a purge that leaves the message out explains nothing", () => {
  for (const op of [
    { kind: "purge", stream: "S", filter: "other.*" },
    { kind: "purge", stream: "S", below: "1" },
    { kind: "purge", stream: "S", keep: 1 },
    { kind: "purge", stream: "T" },
  ] as const) {
    const run = sketch();
    run.publish("1");
    run.ok(op);
    run.readBack([], "1");
    run.writer.readEnd({ stream: "T", complete: true });
    expect(run.judge("no-acked-loss").outcome, JSON.stringify(op)).toBe("fail");
  }
});

test("an unanswered purge explains no loss of what was published in a later life of the server", () => {
  const run = sketch();
  run.unknown({ kind: "purge", stream: "S" });
  run.writer.fault("kill9", { happened: true, summary: "gone", details: {} });
  run.writer.epoch(2, 1);
  run.publish("1");
  run.readBack([], "1");
  expect(run.judge("no-acked-loss").outcome).toBe("fail");
});

const limited: readonly [limits: StreamLimits, outcome: Verdict["outcome"]][] = [
  [{ maxMessages: 2 }, "pass"],
  [{ maxMessages: 3 }, "fail"],
  [{ maxMessages: 2, discard: "new" }, "fail"],
  [{ maxMessagesPerSubject: 2, discard: "new" }, "pass"],
  [{ maxBytes: 300 }, "pass"],
  [{ maxBytes: 3000 }, "fail"],
  [{ maxAgeMs: 1 }, "pass"],
  [{ maxAgeMs: 100_000 }, "fail"],
];

test.each(limited)("with limits %j the first of three messages being gone is %s", (limits, outcome) => {
  const server = new NaiveServer({ limits });
  server.publish({ bytes: 50 });
  server.publish({ bytes: 50 });
  server.publish({ bytes: 50 });
  const { stream } = server;
  server.writer.read({ stream, seq: "2", subject: "s.a", digest: "digest-2" });
  server.writer.read({ stream, seq: "3", subject: "s.a", digest: "digest-3" });
  server.writer.readEnd({ stream, complete: true, lastSeq: "3" });
  expect(checks["no-acked-loss"]?.judge(server.writer.history()).outcome).toBe(outcome);
});

test("with max_bytes and unknown sizes a missing message is inconclusive", () => {
  const run = sketch();
  run.ok({ kind: "create-stream", stream: "S", limits: { maxBytes: 100 } });
  run.publish("1");
  run.readBack([], "1");
  expect(run.judge("no-acked-loss").outcome).toBe("inconclusive");
});

test("a workqueue's acknowledged message is not lost, an unacknowledged one is", () => {
  const run = sketch();
  run.ok({ kind: "create-stream", stream: "S", limits: { retention: "workqueue" } });
  run.publish("1");
  run.publish("2");
  run.unknown({ kind: "ack", stream: "S", consumer: "C", seq: "1", confirmed: false });
  run.readBack([], "2");
  expect(run.judge("no-acked-loss").figures).toMatchObject({ lost: 1 });
});

test.each([
  [["3", "4"], "prefix"],
  [["1", "2"], "suffix"],
  [["1", "4"], "hole"],
  [[], "everything"],
  [["1", "2", "3", "4"], "none"],
] as const)("of four messages %j left is a loss of %s", (left, place) => {
  const run = sketch();
  for (const seq of ["1", "2", "3", "4"]) {
    run.publish(seq);
  }
  run.readBack(left, "4");
  const picture = lossPictureOf(run.writer.history());
  expect(picture.place).toBe(place);
  expect(picture.runs.reduce((sum, [, length]) => sum + length, 0)).toBe(4);
  expect(picture.lost).toBe(4 - left.length);
});

test("a read-back that ends early, comes before the last fault or before the last change proves nothing", () => {
  const early = sketch();
  early.publish("1");
  early.writer.readEnd({ stream: "S", complete: false });
  expect(early.judge("no-acked-loss").summary).toContain("did not reach");

  const beforeFault = sketch();
  beforeFault.publish("1");
  beforeFault.readBack(["1"], "1");
  beforeFault.writer.fault("kill9", { happened: true, summary: "gone", details: {} });
  expect(beforeFault.judge("no-acked-loss").summary).toContain("after the last fault");

  const beforeChange = sketch();
  beforeChange.readBack([], "0");
  beforeChange.publish("1");
  expect(beforeChange.judge("no-acked-loss").summary).toContain("changed after");
});

test("an unanswered purge may still take effect on what was published after the judge stopped waiting", () => {
  const run = sketch();
  run.unknown({ kind: "purge", stream: "S" });
  run.publish("1");
  run.readBack([], "1");
  expect(run.judge("no-acked-loss").outcome).toBe("pass");
});

test("a message that was refused once and accepted when sent again is no phantom", () => {
  const run = sketch();
  run.writer.fail(run.writer.invoke(1, { kind: "publish", stream: "S", subject: "s.a", digest: "digest-1" }), { description: "no" });
  run.publish("1");
  run.readBack(["1"], "1");
  expect(run.judge("no-phantoms").outcome).toBe("pass");
});

test("a refused message that is stored is a phantom", () => {
  const run = sketch();
  run.writer.fail(run.writer.invoke(1, { kind: "publish", stream: "S", subject: "s.a", digest: "digest-1" }), { description: "no" });
  run.readBack(["1"], "1");
  expect(run.judge("no-phantoms")).toMatchObject({ outcome: "fail" });
});

test("two messages at one sequence, and a sequence below an acknowledged one, are reuse; after the stream was made again they are not", () => {
  const twice = sketch();
  twice.publish("1", { digest: "a" });
  twice.publish("1", { digest: "b" });
  twice.readBack([["1", "b"]], "1");
  expect(twice.judge("sequences-never-reused").outcome).toBe("fail");

  const fell = sketch();
  fell.publish("7", { process: 1 });
  fell.publish("2", { process: 2 });
  fell.readBack(["2", "7"], "7");
  expect(fell.judge("sequences-never-reused").outcome).toBe("fail");

  const anew = sketch();
  anew.publish("1", { digest: "a" });
  anew.ok({ kind: "delete-stream", stream: "S" });
  anew.publish("1", { digest: "b" });
  anew.readBack([["1", "b"]], "1");
  expect(anew.judge("sequences-never-reused").outcome).toBe("pass");
});

test("a writer's publishes that were in flight together keep the order they were sent in", () => {
  const run = sketch();
  const first = run.writer.invoke(1, { kind: "publish", stream: "S", subject: "s.a", digest: "digest-2" });
  const second = run.writer.invoke(1, { kind: "publish", stream: "S", subject: "s.a", digest: "digest-1" });
  run.writer.ok(second, { seq: "1" });
  run.writer.ok(first, { seq: "2" });
  run.readBack(["1", "2"], "2");
  expect(run.judge("order-per-writer").outcome).toBe("fail");
});

test("messages read back in another order than they were sent, or out of sequence, are out of order", () => {
  const swapped = sketch();
  swapped.publish("1");
  swapped.publish("2");
  swapped.readBack(
    [
      ["1", "digest-2"],
      ["2", "digest-1"],
    ],
    "2",
  );
  expect(swapped.judge("order-per-writer").outcome).toBe("fail");

  const backwards = sketch();
  backwards.publish("1");
  backwards.publish("2");
  backwards.readBack(["2", "1"], "2");
  expect(backwards.judge("order-per-writer").outcome).toBe("fail");
});

test("an id accepted twice is a duplicate inside the window and none after it", () => {
  const inside = sketch();
  inside.publish("1", { msgId: "m" });
  inside.publish("2", { msgId: "m" });
  inside.readBack(["1", "2"], "2");
  expect(inside.judge("no-duplicates").outcome).toBe("fail");

  const after = sketch();
  after.ok({ kind: "create-stream", stream: "S", limits: { duplicateWindowMs: 50 } });
  after.publish("1", { msgId: "m" });
  after.wait(60);
  after.publish("2", { msgId: "m" });
  after.readBack(["1", "2"], "2");
  expect(after.judge("no-duplicates").outcome).toBe("pass");
});

test("a duplicate that names another sequence, or that was never sent before, is wrong", () => {
  const other = sketch();
  other.publish("1", { msgId: "m" });
  other.publish("2");
  other.publish("2", { msgId: "m", duplicate: true });
  other.readBack(["1", "2"], "2");
  expect(other.judge("no-duplicates").summary).toContain("violation");

  const never = sketch();
  never.publish("1");
  never.publish("1", { msgId: "m", duplicate: true });
  never.readBack(["1"], "1");
  expect(never.judge("no-duplicates").witness.at(-1)).toContain("never been sent");
});

test("a retry of an unanswered publish is stored once: as new, or as a duplicate of what was stored", () => {
  const run = sketch();
  run.unknown({ kind: "publish", stream: "S", subject: "s.a", digest: "digest-1", msgId: "m" });
  run.publish("1", { msgId: "m", duplicate: true, digest: "digest-1" });
  run.readBack(["1"], "1");
  for (const id of ["no-acked-loss", "no-duplicates", "no-phantoms"]) {
    expect(run.judge(id).outcome, id).toBe("pass");
  }
});

test("purged and deleted messages that are back, and a deleted stream that is back, are undone changes", () => {
  const purged = sketch();
  purged.publish("1");
  purged.publish("2");
  purged.ok({ kind: "purge", stream: "S", keep: 1 });
  purged.readBack(["1", "2"], "2");
  expect(purged.judge("acked-changes-kept").witness.at(-1)).toContain("2 purged messages are back");

  const one = sketch();
  one.publish("1");
  one.ok({ kind: "purge", stream: "S" });
  one.readBack(["1"], "1");
  expect(one.judge("acked-changes-kept").witness.at(-1)).toContain("1 purged message is back");

  const kept = sketch();
  kept.publish("1");
  kept.publish("2");
  kept.ok({ kind: "purge", stream: "S", keep: 1 });
  kept.readBack(["2"], "2");
  expect(kept.judge("acked-changes-kept").outcome).toBe("pass");

  const deleted = sketch();
  deleted.publish("1");
  deleted.ok({ kind: "delete-message", stream: "S", seq: "1" });
  deleted.readBack(["1"], "1");
  expect(deleted.judge("acked-changes-kept").outcome).toBe("fail");

  const stream = sketch();
  stream.ok({ kind: "delete-stream", stream: "S" });
  stream.readBack([], "0");
  expect(stream.judge("acked-changes-kept").witness.at(-1)).toContain("is back");
});

test("an updated stream keeps its last acknowledged configuration, or that of a later unanswered update", () => {
  const outcomeWith = (config: string, unanswered?: string): string => {
    const run = sketch();
    run.ok({ kind: "create-stream", stream: "S", config: "one" });
    run.ok({ kind: "update-stream", stream: "S", config: "two" });
    if (unanswered !== undefined) {
      run.unknown({ kind: "update-stream", stream: "S", config: unanswered });
    }
    run.writer.readEnd({ stream: "S", complete: true, config });
    return run.judge("acked-changes-kept").outcome;
  };
  expect(outcomeWith("two")).toBe("pass");
  expect(outcomeWith("one")).toBe("fail");
  expect(outcomeWith("three")).toBe("fail");
  expect(outcomeWith("three", "three")).toBe("pass");
});

test("a created consumer that is gone is undone, one that nobody looked at is not judged", () => {
  const gone = sketch();
  gone.ok({ kind: "create-consumer", stream: "S", consumer: "C" });
  gone.writer.consumerRead({ stream: "S", consumer: "C", missing: true });
  expect(gone.judge("acked-changes-kept").outcome).toBe("fail");

  const unread = sketch();
  unread.ok({ kind: "create-consumer", stream: "S", consumer: "C" });
  expect(unread.judge("acked-changes-kept")).toMatchObject({ outcome: "inconclusive", summary: expect.stringContaining("consumer C") });
});

test("an ack floor below what was confirmed without a gap is undone, above a gap it is not", () => {
  const outcomeWith = (confirmed: readonly string[], ackFloorSeq: string): string => {
    const run = sketch();
    for (const seq of confirmed) {
      run.ok({ kind: "ack", stream: "S", consumer: "C", seq, confirmed: true });
    }
    run.writer.consumerRead({ stream: "S", consumer: "C", ackFloorSeq, redelivered: [] });
    return run.judge("confirmed-acks-kept").outcome;
  };
  expect(outcomeWith(["1", "2", "3"], "3")).toBe("pass");
  expect(outcomeWith(["1", "2", "3"], "2")).toBe("fail");
  expect(outcomeWith(["1", "3"], "1")).toBe("pass");
  expect(outcomeWith(["5", "6"], "0")).toBe("pass");
});

test("a plain ack that is delivered again is no violation", () => {
  const run = sketch();
  run.ok({ kind: "ack", stream: "S", consumer: "C", seq: "1", confirmed: true });
  run.ok({ kind: "ack", stream: "S", consumer: "C", seq: "2", confirmed: false });
  run.writer.consumerRead({ stream: "S", consumer: "C", redelivered: ["2"] });
  expect(run.judge("confirmed-acks-kept").outcome).toBe("pass");
});

test("the picture tells other undone changes beside the losses", () => {
  const run = sketch();
  run.ok({ kind: "create-stream", stream: "S" });
  run.publish("1");
  run.writer.fault("power-cut", { happened: true, summary: "3 blocks dropped", details: {} });
  run.writer.readEnd({ stream: "S", complete: true, missing: true });
  expect(lossPictureOf(run.writer.history(), "Cycle 1")).toMatchObject({
    title: "Cycle 1",
    acknowledged: 1,
    lost: 1,
    place: "everything",
    runs: [[false, 1]],
    undone: ["stream S does not exist"],
    fault: "power-cut",
    evidence: "3 blocks dropped",
  });
});

test("of two publishes with one expected sequence one is refused; a removed message does not count for its subject", () => {
  const both = sketch();
  both.publish("1", { expectLastSeq: "0" });
  both.publish("2", { expectLastSeq: "0" });
  both.readBack(["1", "2"], "2");
  expect(both.judge("preconditions-hold").witness.at(-1)).toContain("sequence 1 stands between the expected 0 and 2");

  const subject = sketch();
  subject.publish("1", { expectLastSubjectSeq: "0" });
  subject.publish("2", { subject: "s.b" });
  subject.publish("3", { expectLastSubjectSeq: "1" });
  subject.ok({ kind: "delete-message", stream: "S", seq: "3" });
  subject.publish("4", { expectLastSubjectSeq: "1" });
  expect(subject.judge("preconditions-hold").outcome).toBe("pass");

  const stale = sketch();
  stale.publish("1", { expectLastSubjectSeq: "0" });
  stale.publish("2", { expectLastSubjectSeq: "0" });
  expect(stale.judge("preconditions-hold").outcome).toBe("fail");
});

test("a stream that counts or bounds its messages wrongly is caught, an empty one that begins after its last is right", () => {
  const outcomeWith = (end: { messages?: number; firstSeq?: string; lastSeq?: string }, seqs: readonly string[]): string => {
    const run = sketch();
    for (const seq of seqs) {
      run.writer.read({ stream: "S", seq, digest: "d" });
    }
    run.writer.readEnd({ stream: "S", complete: true, ...end });
    return run.judge("info-agrees").outcome;
  };
  expect(outcomeWith({ messages: 2, firstSeq: "3", lastSeq: "9" }, ["3", "4"])).toBe("pass");
  expect(outcomeWith({ messages: 3, firstSeq: "3", lastSeq: "9" }, ["3", "4"])).toBe("fail");
  expect(outcomeWith({ messages: 2, firstSeq: "1", lastSeq: "9" }, ["3", "4"])).toBe("fail");
  expect(outcomeWith({ messages: 2, firstSeq: "3", lastSeq: "3" }, ["3", "4"])).toBe("fail");
  expect(outcomeWith({ messages: 0, firstSeq: "10", lastSeq: "9" }, [])).toBe("pass");
  expect(outcomeWith({}, [])).toBe("inconclusive");
});

test("an unacknowledged message that was seen before a fault has to stay; one deleted in between need not", () => {
  const seen = (removed: boolean): string => {
    const run = sketch();
    run.unknown({ kind: "publish", stream: "S", subject: "s.a", digest: "digest-1" });
    run.readBack(["1"], "1");
    if (removed) {
      run.ok({ kind: "delete-message", stream: "S", seq: "1" });
    }
    run.readBack([], "1");
    return run.judge("observed-stays").outcome;
  };
  expect(seen(false)).toBe("fail");
  expect(seen(true)).toBe("pass");
});
