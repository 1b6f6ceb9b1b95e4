/** The rules of single checks that a property over a naive server does not reach, each on the smallest history that shows it. */
import { expect, test } from "vitest";
import type { Operation } from "../history/events.ts";
import { sketch } from "./history-sketch.ts";

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
  expect(run.judge("no-phantoms").outcome).toBe("fail");
  expect(run.judge("no-phantoms").witness.at(-1)).toContain("a message that was refused");
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

function interestRun(): ReturnType<typeof sketch> {
  const run = sketch();
  const settings = { ackPolicy: "explicit", ackWaitMs: 1000, deliver: "all" } as const;
  run.ok({ kind: "create-stream", stream: "S", limits: { retention: "interest" } });
  run.ok({ kind: "create-consumer", stream: "S", consumer: "A", settings });
  run.ok({ kind: "create-consumer", stream: "S", consumer: "B", settings });
  run.ok({ kind: "create-consumer", stream: "S", consumer: "other", settings: { ...settings, filters: ["other"] } });
  run.publish("1");
  return run;
}

test("an interest stream keeps a message until every consumer that wants it has acknowledged it, and no longer", () => {
  const early = interestRun();
  early.ok({ kind: "ack", stream: "S", consumer: "A", seq: "1", confirmed: true });
  early.readBack([], "1");
  expect(early.judge("retention-follows-acks").outcome).toBe("fail");
  expect(early.judge("no-acked-loss").outcome).toBe("fail");

  const both = (kept: readonly string[]): string => {
    const run = interestRun();
    run.ok({ kind: "ack", stream: "S", consumer: "A", seq: "1", confirmed: true });
    run.ok({ kind: "ack", stream: "S", consumer: "B", seq: "1", confirmed: true });
    run.wait(3000);
    run.readBack(kept, "1");
    return run.judge("retention-follows-acks").outcome;
  };
  expect(both([])).toBe("pass");
  expect(both(["1"])).toBe("fail");

  const owed = interestRun();
  owed.ok({ kind: "ack", stream: "S", consumer: "A", seq: "1", confirmed: true });
  owed.wait(3000);
  owed.readBack(["1"], "1");
  expect(owed.judge("retention-follows-acks").outcome).toBe("pass");
});

test("an acknowledgement of a consumer with the policy all covers what lies below it", () => {
  const run = sketch();
  run.ok({ kind: "create-stream", stream: "S", limits: { retention: "workqueue" } });
  run.ok({ kind: "create-consumer", stream: "S", consumer: "C", settings: { ackPolicy: "all", ackWaitMs: 1000, deliver: "all" } });
  run.publish("1");
  run.publish("2");
  run.publish("3");
  run.ok({ kind: "ack", stream: "S", consumer: "C", seq: "2", confirmed: true });
  run.wait(3000);
  run.readBack(["3"], "3");
  expect(run.judge("retention-follows-acks").outcome).toBe("pass");
  expect(run.judge("no-acked-loss").outcome).toBe("pass");
});

test("a message that expired or was rolled up is not lost, one that was rolled up before it was sent is", () => {
  const expired = sketch();
  expired.ok({ kind: "create-stream", stream: "S", limits: {} });
  const id = expired.writer.invoke(1, { kind: "publish", stream: "S", subject: "s.a", digest: "digest-1", ttlMs: 50 });
  expired.writer.ok(id, { seq: "1" });
  expired.wait(100);
  expired.readBack([], "1");
  expect(expired.judge("no-acked-loss").outcome).toBe("pass");

  const rolledUp = (first: string, rollsUp: string): string => {
    const run = sketch();
    const publish = (seq: string): void => {
      const plain = { kind: "publish", stream: "S", subject: "s.a", digest: `digest-${seq}` } as const;
      const op: Operation = seq === rollsUp ? { ...plain, rollup: "subject" } : plain;
      run.writer.ok(run.writer.invoke(1, op), { seq });
    };
    publish(first);
    publish(first === "1" ? "2" : "1");
    run.readBack([rollsUp], "2");
    return run.judge("no-acked-loss").outcome;
  };
  expect(rolledUp("1", "2")).toBe("pass");
  expect(rolledUp("1", "1")).toBe("fail");
});
