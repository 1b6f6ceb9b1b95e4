/**
 * A publish that names the last sequence it expects is accepted only while that is the last: of the stream (`expectLastSeq`), or of its subject
 * (`expectLastSubjectSeq`). So no other acknowledged message stands between the expected sequence and its own, and of two with one expectation one is
 * refused. A message that was, or may have been, removed does not count for its subject.
 */
import type { History } from "../history/history.ts";
import type { AcknowledgedPublish } from "../history/operation-record.ts";
import { Removals } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const preconditionsHold: Check = {
  id: "preconditions-hold",
  says: "A publish with an expected last sequence is accepted only while that sequence is the last.",
  judge(history) {
    const originals = history.acknowledged().filter((ack) => ack.duplicate !== true);
    const ofStream = Map.groupBy(originals, (ack) => ack.op.stream);
    const ofSubject = Map.groupBy(originals, (ack) => JSON.stringify([ack.op.stream, ack.op.subject]));
    const removals = new Removals(history);
    const violations = [
      ...[...ofStream.values()].flatMap((acks) => brokenIn(history, acks, { expected: (ack) => ack.op.expectLastSeq, counts: () => true })),
      ...[...ofSubject.values()].flatMap((acks) =>
        brokenIn(history, acks, { expected: (ack) => ack.op.expectLastSubjectSeq, counts: (ack) => removals.explain(ack) === "no" }),
      ),
    ];
    const judged = originals.filter((ack) => ack.op.expectLastSeq !== undefined || ack.op.expectLastSubjectSeq !== undefined).length;
    const figures = { judged, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "precondition")} did not hold`, figures, violations });
    }
    return judged === 0
      ? inconclusive("no publish with a precondition was acknowledged", figures)
      : pass(`${counted(judged, "precondition")} held`, figures);
  },
};

interface Rule {
  readonly expected: (ack: AcknowledgedPublish) => string | undefined;
  /** Whether a message still stood, for sure, and so was the last. */
  readonly counts: (ack: AcknowledgedPublish) => boolean;
}

function brokenIn(history: History, acks: readonly AcknowledgedPublish[], rule: Rule): Violation[] {
  const sorted = acks.toSorted((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
  return sorted.flatMap((ack, position) => {
    const expected = rule.expected(ack);
    if (expected === undefined) {
      return [];
    }
    if (BigInt(ack.seq) <= BigInt(expected)) {
      return [{ says: `sequence ${ack.seq} was given to a publish that expected ${expected} to be the last`, operations: [ack] }];
    }
    const before = sorted.slice(0, position).findLast((other) => rule.counts(other) && !betweenStreams(history, other, ack));
    if (before === undefined || BigInt(before.seq) <= BigInt(expected)) {
      return [];
    }
    return [{ says: `sequence ${before.seq} stands between the expected ${expected} and ${ack.seq}`, operations: [before, ack] }];
  });
}
