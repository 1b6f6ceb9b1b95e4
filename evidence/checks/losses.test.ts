/** What counts as lost: removals that explain, limits that remove, read-backs that prove nothing, and where a loss stands. */
import { expect, test } from "vitest";
import type { Operation, StreamLimits } from "../history/events.ts";
import type { Verdict } from "./check.ts";
import { sketch } from "./history-sketch.ts";
import { lossPictureOf } from "./loss-picture.ts";
import { NaiveServer } from "./naive-server.ts";
import { checks } from "./registry.ts";

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
