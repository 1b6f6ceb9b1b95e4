/**
 * The operations of a history on each key (a stream and one subject of it), as operations on a register: conditional and plain writes, gets of the last
 * message, and the end of each read-back. Streams hold many keys; operations on different keys need no common order, so each key is searched alone.
 *
 * A register holds its last message for good. A key whose last message something else may have removed (a delete, a purge, a limit, a time to live, a
 * rollup of the whole stream, the stream's own end) is no register: it is left out, with the reason.
 */

import type { History } from "../history/history.ts";
import { observationsOf } from "../history/observations.ts";
import type { GetOperation } from "../history/operation.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import { limitsOf } from "../history/removals.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { subjectMatches } from "../history/subject-filter.ts";
import type { RegisterAction, RegisterOperation } from "./register.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export interface KeyOperation extends RegisterOperation {
  /** Absent for what a read-back showed. */
  readonly record: OperationRecord | undefined;
}

export interface KeyHistory {
  readonly stream: string;
  readonly subject: string;
  readonly operations: readonly KeyOperation[];
  /** Why the key is no register, if it is none. */
  readonly leftOut: string | undefined;
}

/** The error of a wrong last sequence; other refusals say nothing about the register. */
const wrongLastSequence = 10_071;

/** Keys that some operation asked a question about: a conditional write or a get. */
export function keyHistories(history: History): KeyHistory[] {
  const places = placesOf(history);
  const publishes = Map.groupBy(history.of("publish"), (each) => `${each.op.stream} ${each.op.subject}`);
  const gets = Map.groupBy(history.of("get").filter(isOfLast), (each) => `${each.op.stream} ${each.op.subject}`);
  const asked = [...history.of("publish").filter((each) => expectedOf(each) !== undefined), ...history.of("get").filter(isOfLast)];
  const keys = new Map(asked.map(({ op }) => [`${op.stream} ${op.subject}`, { stream: op.stream, subject: op.subject ?? "" }]));
  const rolledUp = new Set(
    history
      .of("publish")
      .filter((each) => each.op.rollup === "all" && mayHaveHappened(each))
      .map((each) => each.op.stream),
  );
  const endings = new Map(history.streams.map((stream) => [stream, endingsOf(history, stream)]));
  return [...keys].map(([key, { stream, subject }]) => {
    const writes = (publishes.get(key) ?? []).flatMap((each) => writeOf(each, places) ?? []);
    const reads = (gets.get(key) ?? []).flatMap((each) => readOf(each) ?? []);
    const operations = withoutIdle([...writes, ...reads, ...(endings.get(stream) ?? []).map((ending) => readAtEnd(ending, subject))]);
    return {
      stream,
      subject,
      operations,
      leftOut: whyNoRegister(history, { stream, subject, expires: isExpiring(publishes.get(key)), isRolledUp: rolledUp.has(stream) }),
    };
  });
}

function isOfLast({ op }: OperationRecord<GetOperation>): boolean {
  return op.subject !== undefined && op.seq === undefined && !/(?:^|\.)[*>](?:\.|$)/.test(op.subject);
}

/** The revision that a write names for its own subject. */
function expectedOf({ op }: Publish): number | undefined {
  const isOwn = op.expectLastSubjectFilter === undefined || op.expectLastSubjectFilter === op.subject;
  return isOwn && op.expectLastSubjectSeq !== undefined ? Number(op.expectLastSubjectSeq) : undefined;
}

/** Where anybody ever saw a message, by stream and digest, and every sequence that is known to be somebody's. */
interface Places {
  readonly ofDigest: ReadonlyMap<string, string>;
  readonly taken: ReadonlySet<string>;
}

function placesOf(history: History): Places {
  const sends = Map.groupBy(history.of("publish").filter(mayHaveHappened), (each) => `${each.op.stream} ${each.op.digest}`);
  const seen = [
    ...observationsOf(history),
    ...history.streams.flatMap((stream) => [...history.readBack(stream).values()].map((message) => ({ ...message, stream }))),
  ];
  const ofDigest = new Map<string, string>();
  for (const { stream, digest, seq } of seen) {
    const key = `${stream} ${digest ?? ""}`;
    if (sends.get(key)?.length === 1) {
      ofDigest.set(key, seq);
    }
  }
  const acknowledged = history.acknowledged().map((ack) => `${ack.op.stream} ${ack.seq}`);
  return { ofDigest, taken: new Set([...acknowledged, ...seen.map(({ stream, seq }) => `${stream} ${seq}`)]) };
}

function writeOf(record: Publish, { ofDigest, taken }: Places): KeyOperation | undefined {
  const { op, begin, end, outcome } = record;
  const expected = expectedOf(record);
  if (record.duplicate === true) {
    return undefined;
  }
  if (outcome === "fail") {
    const isRefused =
      expected !== undefined && record.error?.errCode === wrongLastSequence && record.batch === undefined && op.expectLastSeq === undefined;
    return isRefused ? { begin, end, action: { kind: "refused", expected }, record } : undefined;
  }
  const seq = outcome === "ok" ? record.seq : ofDigest.get(`${op.stream} ${op.digest}`);
  const action: RegisterAction = {
    kind: "write",
    value: op.digest,
    revision: seq === undefined ? undefined : Number(seq),
    // Within a batch a condition may be about a message of the same batch.
    expected: record.batch === undefined ? expected : undefined,
    isFree: expected !== undefined && !taken.has(`${op.stream} ${expected}`),
    isOptional: outcome === "info" && seq === undefined,
  };
  return { begin, end, action, record };
}

function readOf(record: OperationRecord<GetOperation>): KeyOperation | undefined {
  const { begin, end, message, absent } = record;
  if (record.outcome !== "ok") {
    return undefined;
  }
  const action: RegisterAction =
    message === undefined || absent === true
      ? { kind: "read", revision: 0, value: "" }
      : { kind: "read", revision: Number(message.seq), value: message.digest };
  return { begin, end, action, record };
}

/** The read-backs of each stream that reached its end without a damaged message: what stood last under each subject. */
interface Ending {
  readonly begin: number;
  readonly end: number;
  readonly lasts: ReadonlyMap<string, { readonly seq: string; readonly digest: string }>;
}

function endingsOf(history: History, stream: string): Ending[] {
  return history.readBacks(stream).flatMap((back) => {
    if (back.end?.complete !== true || back.reads.some((read) => read.problem !== undefined)) {
      return [];
    }
    const reads = back.reads.toSorted((a, b) => compareSequences(a.seq, b.seq));
    const lasts = new Map(reads.map(({ subject = "", seq, digest = "" }) => [subject, { seq, digest }]));
    return [{ begin: back.begin, end: back.position, lasts }];
  });
}

function readAtEnd({ begin, end, lasts }: Ending, subject: string): KeyOperation {
  const last = lasts.get(subject);
  return { begin, end, action: { kind: "read", revision: Number(last?.seq ?? 0), value: last?.digest ?? "" }, record: undefined };
}

/** Writes that perhaps never were and that nothing can show are only in the way. */
function withoutIdle(operations: readonly KeyOperation[]): KeyOperation[] {
  const isTelling = ({ action }: KeyOperation): boolean => action.kind === "refused" || (action.kind === "write" && action.isFree);
  const mayShow = operations.some(isTelling);
  return operations.filter(({ action }) => mayShow || action.kind !== "write" || !action.isOptional);
}

function isExpiring(publishes: readonly Publish[] = []): boolean {
  return publishes.some((each) => each.op.ttlMs !== undefined && mayHaveHappened(each));
}

interface KeyFacts {
  readonly stream: string;
  readonly subject: string;
  readonly expires: boolean;
  readonly isRolledUp: boolean;
}

function whyNoRegister(history: History, { stream, subject, expires, isRolledUp }: KeyFacts): string | undefined {
  const isOurs = (each: OperationRecord): boolean => each.op.stream === stream && mayHaveHappened(each);
  if (history.of("delete-stream").some(isOurs)) {
    return "its stream was deleted";
  }
  if (history.of("purge").some((each) => isOurs(each) && (each.op.filter === undefined || subjectMatches(each.op.filter, subject)))) {
    return "it was purged";
  }
  if (history.of("delete-message").some((each) => isOurs(each) && mayHold(history, each.op, subject))) {
    return "a message of it was deleted";
  }
  if (expires) {
    return "its messages expire";
  }
  if (isRolledUp) {
    return "its stream was rolled up as a whole";
  }
  const limits = limitsOf(history, stream);
  const removes = limits.some(
    (each) => each.maxAgeMs ?? each.maxBytes ?? each.maxMessages ?? (each.retention !== undefined && each.retention !== "limits"),
  );
  return removes ? "its stream removes messages by itself" : undefined;
}

/** Whether the deleted sequence may have been the key's: its owner is another subject's for sure, or not. */
function mayHold(history: History, deleted: { readonly stream: string; readonly seq: string }, subject: string): boolean {
  const owners = history.ownersOf(deleted.stream, deleted.seq);
  return owners.length === 0 || owners.some((owner) => owner.op.subject === subject);
}
