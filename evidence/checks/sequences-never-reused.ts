/**
 * A stream gives every sequence once, and its last sequence never falls: not after a purge, not after a crash. So two acknowledged publishes
 * never share a sequence, a publish that began after another was acknowledged gets a higher one, and whoever asks the stream for its last sequence
 * is told one no lower than any that was acknowledged or seen before. A stream that was deleted and made again starts anew.
 */
import type { History } from "../history/history.ts";
import { type Observation, observationsOf } from "../history/observations.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationRecord } from "../history/operation-record.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { overtaken } from "./real-time-order.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const sequencesNeverReused: Check = {
  id: "sequences-never-reused",
  subject: "acknowledged",
  says: "No sequence is given twice, and the last sequence of a stream never falls.",
  judge(history) {
    const originals = history.acknowledged().filter((ack) => ack.duplicate !== true);
    const observed = Map.groupBy(observationsOf(history), (each) => each.stream);
    const violations = [
      ...[...Map.groupBy(originals, (ack) => ack.op.stream).values()].flatMap((acks) => [
        ...givenTwice(history, acks),
        ...overtaken(history, acks),
      ]),
      ...history.streams.flatMap((stream) => lastSequenceFell(history, stream, observed.get(stream) ?? [])),
    ];
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

/** A sequence that was certainly given by `position`, or a last sequence that was told by an answer that was asked for at `begin`. */
interface Known {
  readonly seq: string;
  readonly position: number;
  readonly operations: readonly OperationRecord[];
  readonly how: string;
}
interface Told extends Known {
  readonly begin: number;
}

/** Sweeps the answers in the order they were asked for, against the highest sequence known by then. */
function lastSequenceFell(history: History, stream: string, observed: readonly Observation[]): Violation[] {
  const told = [...toldByReadBacks(history, stream), ...toldByInfos(history, stream)].sort((a, b) => a.begin - b.begin);
  const known = [...given(history, stream), ...observed.map(seen), ...told].sort((a, b) => a.position - b.position);
  const anew = history.of("delete-stream").filter((each) => each.op.stream === stream && mayHaveHappened(each));
  const violations: Violation[] = [];
  let done = 0;
  let highest: Known | undefined;
  for (const answer of told) {
    for (let next = known[done]; next !== undefined && next.position < answer.begin; next = known[done]) {
      const isOfOther = highest !== undefined && mayLieBetween(anew, highest.position, next.position);
      highest = highest === undefined || isOfOther || compareSequences(next.seq, highest.seq) > 0 ? next : highest;
      done += 1;
    }
    if (highest !== undefined && compareSequences(answer.seq, highest.seq) < 0 && !mayLieBetween(anew, highest.position, answer.position)) {
      const says = `the last sequence of ${stream} is ${answer.seq} after ${highest.seq} was ${highest.how}`;
      violations.push({ says, operations: [...highest.operations, ...answer.operations] });
    }
  }
  return violations;
}

function mayLieBetween(deletes: readonly OperationRecord[], from: number, to: number): boolean {
  return deletes.some((each) => each.end > from && each.begin < to);
}

function given(history: History, stream: string): Known[] {
  return history
    .acknowledged(stream)
    .filter((ack) => ack.duplicate !== true)
    .map((ack) => ({ seq: ack.seq, position: ack.end, operations: [ack], how: "acknowledged" }));
}

function seen({ seq, position, by }: Observation): Known {
  return { seq, position, operations: [], how: `seen by ${by}` };
}

/** Nothing goes on during a read-back, so it was asked for when its figures were. */
function toldByReadBacks(history: History, stream: string): Told[] {
  return history.readBacks(stream).flatMap(({ end, position }) => {
    const lastSeq = end?.missing === true ? undefined : end?.lastSeq;
    return lastSeq === undefined ? [] : [{ seq: lastSeq, begin: position, position, operations: [], how: "read back as the last" }];
  });
}

function toldByInfos(history: History, stream: string): Told[] {
  return history.of("stream-info").flatMap((each) => {
    const lastSeq = each.op.stream === stream ? each.figures?.lastSeq : undefined;
    const told = { begin: each.begin, position: each.end, operations: [each], how: "told as the last" };
    return lastSeq === undefined ? [] : [{ seq: lastSeq, ...told }];
  });
}
