import { expect, test } from "vitest";
import { sketch } from "../checks/history-sketch.ts";
import type { Operation } from "../history/events.ts";
import { keyHistories } from "./key-histories.ts";
import type { RegisterAction, RegisterOperation } from "./register.ts";
import { linearize } from "./search.ts";

const at = (begin: number, end: number, action: RegisterAction): RegisterOperation => ({ begin, end, action });
const write = (value: string, revision?: number, expected?: number): RegisterAction => ({
  kind: "write",
  value,
  revision,
  expected,
  isFree: false,
  isOptional: revision === undefined,
});
const read = (revision: number, value: string): RegisterAction => ({ kind: "read", revision, value });
const verdictOf = (...operations: RegisterOperation[]): string => linearize(operations).verdict;

test("a read shows the last write that was over, or one that goes on", () => {
  expect(verdictOf(at(1, 2, write("a", 1)), at(3, 4, read(1, "a")))).toBe("linearizable");
  expect(verdictOf(at(1, 5, write("a", 1)), at(3, 4, read(0, "")))).toBe("linearizable");
  expect(verdictOf(at(1, 2, write("a", 1)), at(3, 4, read(0, "")))).toBe("not-linearizable");
  expect(verdictOf(at(1, 2, write("a", 1)), at(3, 4, write("b", 2)), at(5, 6, read(1, "a")))).toBe("not-linearizable");
});

test("of two reads one after the other the second shows nothing older", () => {
  const both = at(1, 10, write("b", 2));
  expect(verdictOf(at(0, 0, write("a", 1)), both, at(2, 3, read(1, "a")), at(4, 5, read(2, "b")))).toBe("linearizable");
  expect(verdictOf(at(0, 0, write("a", 1)), both, at(2, 3, read(2, "b")), at(4, 5, read(1, "a")))).toBe("not-linearizable");
});

test("of two writes that name one revision one is refused, and a refusal needs a reason", () => {
  expect(verdictOf(at(1, 5, write("a", 1, 0)), at(1, 5, write("b", 2, 0)))).toBe("not-linearizable");
  expect(verdictOf(at(1, 5, write("a", 1, 0)), at(1, 5, { kind: "refused", expected: 0 }))).toBe("linearizable");
  expect(verdictOf(at(1, 2, { kind: "refused", expected: 0 }))).toBe("not-linearizable");
});

test("revisions rise", () => {
  expect(verdictOf(at(1, 2, write("a", 2)), at(3, 4, write("b", 1)))).toBe("not-linearizable");
  expect(verdictOf(at(1, 4, write("a", 2)), at(1, 4, write("b", 1)))).toBe("linearizable");
});

test("an unanswered write may give the reason of a refusal, up to its end and no longer", () => {
  const refused = { kind: "refused", expected: 0 } as const;
  expect(verdictOf(at(1, Number.POSITIVE_INFINITY, write("a")), at(5, 6, refused))).toBe("linearizable");
  expect(verdictOf(at(1, 3, write("a")), at(2, 2, read(0, "")), at(5, 6, refused), at(7, 8, read(0, "")))).toBe("not-linearizable");
  expect(verdictOf(at(7, 9, write("a")), at(5, 6, refused))).toBe("not-linearizable");
  expect(verdictOf(at(1, 3, write("a")), at(5, 6, read(0, "")))).toBe("linearizable");
});

test("a search that takes too many steps is given up by name", () => {
  const many = Array.from({ length: 24 }, (_, index) => at(0, 100, write(`v${index}`, index + 1)));
  const impossible = at(101, 102, read(1, "nobody"));
  expect(linearize([...many, impossible], 1000).verdict).toBe("unknown");
});

test("the place where the longest order ends is told", () => {
  const first = at(1, 2, write("a", 1));
  const stale = at(3, 4, read(0, ""));
  expect(linearize([first, stale])).toMatchObject({ taken: [first], blocked: stale });
});

const put = { kind: "publish", stream: "S", subject: "s.a", digest: "d" } as const;
const reasons: readonly [op: Operation, reason: string][] = [
  [{ kind: "purge", stream: "S" }, "it was purged"],
  [{ kind: "delete-stream", stream: "S" }, "its stream was deleted"],
  [{ kind: "delete-message", stream: "S", seq: "1" }, "a message of it was deleted"],
  [{ ...put, ttlMs: 5 }, "its messages expire"],
  [{ ...put, subject: "s.b", rollup: "all" }, "its stream was rolled up as a whole"],
  [{ kind: "create-stream", stream: "S", limits: { maxMessages: 5 } }, "its stream removes messages by itself"],
];

test.each(reasons)("a key is no register after %j", (op, reason) => {
  const run = sketch();
  run.publish("1", { expectLastSubjectSeq: "0" });
  run.unknown(op);
  expect(keyHistories(run.writer.history()).map((key) => key.leftOut)).toEqual([reason]);
  expect(run.judge("per-key-linearizable")).toMatchObject({ outcome: "inconclusive", summary: expect.stringContaining(reason) });
});

test("purges and deletes of other keys leave a key alone", () => {
  const run = sketch();
  run.publish("1", { subject: "s.b" });
  run.publish("2", { expectLastSubjectSeq: "0" });
  run.ok({ kind: "purge", stream: "S", filter: "s.b" });
  run.ok({ kind: "delete-message", stream: "S", seq: "1" });
  expect(run.judge("per-key-linearizable").outcome).toBe("pass");
});

test("the witness of a lost update is the two writes that both replaced one value", () => {
  const run = sketch();
  run.publish("1", { expectLastSubjectSeq: "0" });
  run.publish("2", { expectLastSubjectSeq: "1" });
  run.publish("3", { expectLastSubjectSeq: "2" });
  run.publish("4", { expectLastSubjectSeq: "2" });
  const { outcome, witness } = run.judge("per-key-linearizable");
  expect(outcome).toBe("fail");
  expect(witness.filter((line) => line.includes("publish")).length).toBeLessThanOrEqual(3);
  expect(witness.join("\n")).toContain("acknowledged seq 4");
});
