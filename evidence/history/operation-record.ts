/**
 * One operation of a history with its end attached, and the stretch of the history in which it can have taken effect.
 *
 * `begin` and `end` are event positions. A confirmed operation took effect between them. An unanswered one may still take effect after the judge
 * gave up waiting, up to the next life of the server, or without end when there is none.
 *
 * A batch gives one record of its own and one publish for each of its messages, so that every rule for publishes holds for them as well.
 */
import type { CompletionEvent, ConsumerFigures, HistoryEvent, InvokeEvent, Operation, SeenMessage, StreamFigures } from "./events.ts";

export type OperationOutcome = CompletionEvent["type"];
export type OperationOf<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

export interface OperationRecord<Op extends Operation = Operation> {
  readonly id: number;
  readonly process: number;
  readonly op: Op;
  readonly outcome: OperationOutcome;
  readonly invokedAt: number;
  readonly completedAt?: number;
  readonly begin: number;
  readonly end: number;
  readonly seq?: string;
  readonly duplicate?: boolean;
  readonly purged?: number;
  readonly message?: SeenMessage;
  readonly absent?: boolean;
  readonly figures?: StreamFigures;
  readonly state?: ConsumerFigures;
  readonly error?: NonNullable<CompletionEvent["error"]>;
  /** Of a publish that is one message of a batch: where it stands there, from 1. */
  readonly batch?: { readonly id: string; readonly position: number; readonly size: number };
}

/** An acknowledged publish. With `duplicate`, `seq` is the place of the message it repeats. */
export type AcknowledgedPublish = OperationRecord<OperationOf<"publish">> & { readonly seq: string };

/** All operations in the order they began. */
export function recordOperations(events: readonly HistoryEvent[]): OperationRecord[] {
  const begun = new Map<number, { event: InvokeEvent; begin: number }>();
  const ended = new Map<number, { event: CompletionEvent; end: number }>();
  const epochs: number[] = [];
  for (const [position, event] of events.entries()) {
    if (event.type === "invoke") {
      begun.set(event.id, { event, begin: position });
    } else if (event.type === "ok" || event.type === "fail" || event.type === "info") {
      ended.set(event.id, { event, end: position });
    } else if (event.type === "epoch") {
      epochs.push(position);
    }
  }
  return [...begun.values()].flatMap(({ event, begin }) => {
    const record = recordOf(event, { begin, epochs, ended: ended.get(event.id) });
    return [record, ...messagesOf(record)];
  });
}

/** The messages of a batch lie side by side, the last one at the sequence that the commit's answer gave. */
function messagesOf(record: OperationRecord): OperationRecord<OperationOf<"publish">>[] {
  const { op, seq, ...rest } = record;
  if (op.kind !== "publish-batch") {
    return [];
  }
  const size = op.messages.length;
  return op.messages.map((message, index) => ({
    ...rest,
    op: { kind: "publish", stream: op.stream, ...message },
    ...(seq === undefined ? {} : { seq: String(BigInt(seq) - BigInt(size - 1 - index)) }),
    batch: { id: op.batch, position: index + 1, size },
  }));
}

interface RecordPlace {
  readonly begin: number;
  readonly epochs: readonly number[];
  readonly ended: { readonly event: CompletionEvent; readonly end: number } | undefined;
}

function recordOf(event: InvokeEvent, place: RecordPlace): OperationRecord {
  const base = { id: event.id, process: event.process, op: event.op, invokedAt: event.at, begin: place.begin };
  const unanswered = () => firstAfter(place.epochs, place.begin) ?? Number.POSITIVE_INFINITY;
  if (place.ended === undefined) {
    return { ...base, outcome: "info", end: unanswered() };
  }
  const { type, at, id: _, ...reply } = place.ended.event;
  return { ...base, ...reply, outcome: type, completedAt: at, end: type === "info" ? unanswered() : place.ended.end };
}

function firstAfter(sorted: readonly number[], position: number): number | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) > position) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return sorted[low];
}

/** `first` was over before `second` was asked for, so the server must have done it first. */
export function precedes(first: OperationRecord, second: OperationRecord): boolean {
  return first.end < second.begin;
}

/** Whether a refusal is certain; everything else happened or may have. */
export function mayHaveHappened(record: OperationRecord): boolean {
  return record.outcome !== "fail";
}

export function isAcknowledgedPublish(record: OperationRecord): record is AcknowledgedPublish {
  return record.op.kind === "publish" && record.outcome === "ok" && record.seq !== undefined;
}
