/**
 * A message id is stored at most once inside the stream's duplicate window, whatever was retried and whatever crashed; a duplicate's answer names
 * the sequence of the first. A publish without an id is stored at most once for each time it was sent.
 *
 * The window begins with the first, and a duplicate does not begin it anew; a server may sweep ids once a window, so an id is certainly free again after two
 * of them. A publish that was refused never claims its id.
 */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "../history/operation-record.ts";
import { limitsOf } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams, certainlyParted } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

/** The server's default `duplicate_window`. */
const defaultWindowMs = 120_000;
/** How late a sweep may be on a busy machine. */
const sweepSlackMs = 1000;

export const noDuplicates: Check = {
  id: "no-duplicates",
  subject: "sent",
  says: "A message id is stored at most once inside the duplicate window, and a duplicate's answer names the first sequence.",
  judge(history) {
    const publishes = history.of("publish");
    const identified = publishes.filter((each) => each.op.msgId !== undefined && mayHaveHappened(each));
    const ids = Map.groupBy(identified, (each) => JSON.stringify([each.op.stream, each.op.msgId]));
    const violations = [
      ...[...ids.values()].flatMap((attempts) => violationsOfId(history, attempts)),
      ...storedTooOften(history, publishes.filter(mayHaveHappened)),
    ];
    const figures = { sent: publishes.length, ids: ids.size, attempts: identified.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "violation")} of exactly-once storage`, figures, violations });
    }
    const incomplete = history.whyReadBackIncomplete();
    return incomplete === undefined
      ? pass(`${counted(ids.size, "id")}, each stored at most once`, figures)
      : inconclusive(incomplete, figures);
  },
};

function violationsOfId(history: History, attempts: readonly Publish[]): Violation[] {
  const answered = attempts.filter((each) => each.outcome === "ok").sort((a, b) => a.end - b.end);
  const fresh = answered.filter((each) => each.duplicate !== true);
  const windowMs = certainWindowMs(history, attempts);
  return [
    ...fresh.slice(1).flatMap((again, index) => storedTwice(history, { first: fresh[index], again, windowMs })),
    ...answered
      .filter((each) => each.duplicate === true)
      .flatMap((each) => [...wrongDuplicate(history, each, attempts), ...duplicateTooLate(history, each, attempts)]),
  ];
}

function storedTwice(history: History, pair: { first: Publish | undefined; again: Publish; windowMs: number }): Violation[] {
  const { first, again, windowMs } = pair;
  if (first === undefined || betweenStreams(history, first, again)) {
    return [];
  }
  const apartMs = (again.completedAt ?? again.invokedAt) - first.invokedAt;
  if (apartMs >= windowMs) {
    return [];
  }
  const says = `id ${again.op.msgId} was accepted as new twice, at ${first.seq} and ${again.seq}, within ${Math.round(apartMs)} ms`;
  return [{ says, operations: [first, again] }];
}

function wrongDuplicate(history: History, duplicate: Publish, attempts: readonly Publish[]): Violation[] {
  const earlier = attempts.filter((each) => each !== duplicate && !precedes(duplicate, each) && !certainlyParted(history, each, duplicate));
  if (earlier.length === 0) {
    return [{ says: `id ${duplicate.op.msgId} was called a duplicate and had never been sent`, operations: [duplicate] }];
  }
  const named = earlier.filter((each) => each.outcome === "ok" && !betweenStreams(history, each, duplicate));
  if (named.length === 0 || named.length < earlier.length || named.some((each) => each.seq === duplicate.seq)) {
    return [];
  }
  const [first] = named;
  // Only where every earlier attempt is known can none of them be the original.
  const says = `the duplicate of id ${duplicate.op.msgId} names ${duplicate.seq} instead of ${first?.seq}`;
  return [{ says, operations: first === undefined ? [duplicate] : [first, duplicate] }];
}

/** Every attempt that may have been the original was over two windows before this one began. */
function duplicateTooLate(history: History, duplicate: Publish, attempts: readonly Publish[]): Violation[] {
  const earlier = attempts.filter((each) => each.duplicate !== true && !precedes(duplicate, each));
  const windowMs = widestWindowMs(history, attempts);
  const over = earlier.map((each) => each.completedAt ?? Number.POSITIVE_INFINITY);
  const isUnknown = earlier.length === 0 || earlier.some((each) => each.outcome !== "ok");
  const sinceMs = duplicate.invokedAt - Math.max(...over);
  if (isUnknown || sinceMs <= 2 * windowMs + sweepSlackMs) {
    return [];
  }
  const says = `id ${duplicate.op.msgId} was called a duplicate ${Math.round(sinceMs)} ms after it was stored, with a window of ${windowMs} ms`;
  return [{ says, operations: [...earlier.slice(-1), duplicate] }];
}

/** Counts copies by their bytes: an id once a window, a message without an id once for each send. */
function storedTooOften(history: History, publishes: readonly Publish[]): Violation[] {
  const sends = Map.groupBy(publishes, (each) => JSON.stringify([each.op.stream, each.op.digest]));
  return history.streams.flatMap((stream) => {
    const copies = Map.groupBy(history.readBack(stream).values(), (message) => message.digest ?? "");
    return [...copies].flatMap(([digest, messages]) => {
      const senders = sends.get(JSON.stringify([stream, digest])) ?? [];
      const allowed = copiesAllowed(history, senders);
      if (senders.length === 0 || messages.length <= allowed) {
        return [];
      }
      const at = messages.map((message) => message.seq).join(", ");
      return [{ says: `one message is stored ${messages.length} times, at ${at}`, operations: senders.slice(0, 3) }];
    });
  });
}

/** How often one body may be stored: an id once a window, a message without an id once for each send. */
export function copiesAllowed(history: History, senders: readonly Publish[]): number {
  const withoutId = senders.filter((each) => each.op.msgId === undefined).length;
  const ids = Map.groupBy(
    senders.filter((each) => each.op.msgId !== undefined),
    (each) => each.op.msgId,
  );
  const spans = [...ids.values()].map((attempts) => {
    const windowMs = certainWindowMs(history, attempts);
    const begun = attempts.map((each) => each.invokedAt);
    const ended = attempts.map((each) => each.completedAt ?? history.events.at(-1)?.at ?? each.invokedAt);
    return windowMs === 0 ? attempts.length : 1 + Math.floor((Math.max(...ended) - Math.min(...begun)) / windowMs);
  });
  return spans.reduce((sum, each) => sum + each, withoutId);
}

function widestWindowMs(history: History, attempts: readonly Publish[]): number {
  const stream = attempts[0]?.op.stream ?? "";
  const windows = limitsOf(history, stream).map((limits) => limits.duplicateWindowMs ?? defaultWindowMs);
  return windows.length === 0 ? defaultWindowMs : Math.max(...windows);
}

/** The narrowest window the stream had: only inside it is a second copy certainly wrong. */
function certainWindowMs(history: History, attempts: readonly Publish[]): number {
  const stream = attempts[0]?.op.stream ?? "";
  const windows = limitsOf(history, stream).map((limits) => limits.duplicateWindowMs ?? defaultWindowMs);
  return windows.length === 0 ? defaultWindowMs : Math.min(...windows);
}
