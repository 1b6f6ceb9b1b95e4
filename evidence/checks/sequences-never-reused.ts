/**
 * A stream gives every sequence once, and its last sequence never falls: not after a purge, not after a crash. So two acknowledged publishes
 * never share a sequence, a publish that began after another was acknowledged gets a higher one, and the stream read back at the end knows a
 * last sequence no lower than the highest it acknowledged. A stream that was deleted and made again starts anew.
 */
import type { History } from "../history/history.ts";
import type { AcknowledgedPublish } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const sequencesNeverReused: Check = {
  id: "sequences-never-reused",
  says: "No sequence is given twice, and the last sequence of a stream never falls.",
  judge(history) {
    const originals = history.acknowledged().filter((ack) => ack.duplicate !== true);
    const violations = [...Map.groupBy(originals, (ack) => ack.op.stream).values()].flatMap((acks) => [
      ...givenTwice(history, acks),
      ...fallen(history, acks),
      ...lastSequenceFell(history, acks),
    ]);
    const figures = { acknowledged: originals.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "sequence")} given again or taken back`, figures, violations });
    }
    const unread = history.streams.find((stream) => history.lastReadBack(stream) === undefined);
    if (unread !== undefined) {
      return inconclusive(`the last sequence of stream ${unread} was not read back`, figures);
    }
    return pass(`${counted(originals.length, "sequence")}, each given once`, figures);
  },
};

function givenTwice(history: History, acks: readonly AcknowledgedPublish[]): Violation[] {
  return [...Map.groupBy(acks, (ack) => ack.seq).values()].flatMap((owners) => {
    const [first, second] = owners;
    if (first === undefined || second === undefined || betweenStreams(history, first, second)) {
      return [];
    }
    return [{ says: `sequence ${first.seq} of ${first.op.stream} was given to two messages`, operations: [first, second] }];
  });
}

/** Sweeps publishes in the order they began, against the highest sequence acknowledged before that. */
function fallen(history: History, acks: readonly AcknowledgedPublish[]): Violation[] {
  const byBegin = acks.toSorted((a, b) => a.begin - b.begin);
  const violations: Violation[] = [];
  let done = 0;
  let highest: AcknowledgedPublish | undefined;
  for (const ack of byBegin) {
    for (let next = acks[done]; next !== undefined && next.end < ack.begin; next = acks[done]) {
      highest = highest === undefined || BigInt(next.seq) > BigInt(highest.seq) || betweenStreams(history, highest, next) ? next : highest;
      done += 1;
    }
    if (highest !== undefined && BigInt(ack.seq) < BigInt(highest.seq) && !betweenStreams(history, highest, ack)) {
      violations.push({ says: `sequence ${ack.seq} was given after ${highest.seq} was acknowledged`, operations: [highest, ack] });
    }
  }
  return violations;
}

function lastSequenceFell(history: History, acks: readonly AcknowledgedPublish[]): Violation[] {
  const current = acks.filter((ack) => !streamDeleteAfter(history, ack));
  const highest = current.reduce<AcknowledgedPublish | undefined>(
    (most, ack) => (most === undefined || BigInt(ack.seq) > BigInt(most.seq) ? ack : most),
    undefined,
  );
  const lastSeq = highest === undefined ? undefined : history.lastReadBack(highest.op.stream)?.end?.lastSeq;
  if (highest === undefined || lastSeq === undefined || BigInt(lastSeq) >= BigInt(highest.seq)) {
    return [];
  }
  return [{ says: `the stream's last sequence is ${lastSeq} after ${highest.seq} was acknowledged`, operations: [highest] }];
}
