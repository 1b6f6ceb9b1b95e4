/** What a mutation is: one way in which a server, or a judge that lies, could have spoiled a sound history; and the words that mutations are written in. */
import type { CompletionEvent, DeliveryEvent, HistoryEvent, InvokeEvent, Operation, ReadEndEvent, ReadEvent } from "../history/events.ts";
import { History } from "../history/history.ts";
import type { AcknowledgedPublish, OperationOf, OperationRecord } from "../history/operation-record.ts";
import { Removals } from "../history/removals.ts";

export interface Mutation {
  readonly id: string;
  /** What went wrong, in a clause. */
  readonly says: string;
  /** The check that is there for it, which must reject every history it was done to. Others may, too. */
  readonly caughtBy: string;
  /** Undefined where the history offers no place for it. `pick` chooses among the places. */
  apply(history: History, pick: <Item>(items: readonly Item[]) => Item | undefined): History | undefined;
}

type Change = (event: HistoryEvent) => HistoryEvent | undefined;

export function changed(history: History, change: Change): History {
  return History.of(history.events.flatMap((event) => change(event) ?? []));
}

export function replaced(history: History, from: HistoryEvent, to: HistoryEvent | undefined): History {
  return changed(history, (event) => (event === from ? to : event));
}

/** `added` stands right behind `event`, at its time. */
export function insertedAfter(history: History, event: HistoryEvent, added: readonly HistoryEvent[]): History {
  return History.of(history.events.toSpliced(history.events.indexOf(event) + 1, 0, ...added));
}

/** An operation that was asked and answered right behind `event`. */
export function performedAfter(history: History, event: HistoryEvent, asked: { process: number; op: Operation; answer: Answer }): History {
  const id = Math.max(0, ...history.operations.map((record) => record.id)) + 1;
  const invoke: InvokeEvent = { type: "invoke", at: event.at, id, process: asked.process, op: asked.op };
  return insertedAfter(history, event, [invoke, { at: event.at, id, ...asked.answer }]);
}
export type Answer = Omit<CompletionEvent, "at" | "id">;

/** The last read-back of a stream: what is left in the end. */
export function lastReads(history: History, stream: string): readonly ReadEvent[] {
  return history.lastReadBack(stream)?.reads ?? [];
}

export function lastEnd(history: History, stream: string): ReadEndEvent | undefined {
  return history.lastReadBack(stream)?.end;
}

/** Read in the end, acknowledged as new there, and nothing of the run may have removed it. */
export function ownedReads(history: History, stream: string): { read: ReadEvent; owner: AcknowledgedPublish }[] {
  const removals = new Removals(history);
  return lastReads(history, stream).flatMap((read) => {
    const owners = history.ownersOf(stream, read.seq);
    const [owner] = owners;
    return owners.length === 1 && owner !== undefined && removals.explain(owner) === "no" ? [{ read, owner }] : [];
  });
}

export function completionOf(history: History, record: OperationRecord): CompletionEvent | undefined {
  return history.events.filter(isCompletion).find((event) => event.id === record.id);
}

export function isCompletion(event: HistoryEvent): event is CompletionEvent {
  return event.type === "ok" || event.type === "fail" || event.type === "info";
}

/** Changes what a publish asked for. */
export function askedOtherwise(history: History, record: OperationRecord, change: Partial<OperationOf<"publish">>): History {
  return changed(history, (event) =>
    event.type === "invoke" && event.id === record.id && event.op.kind === "publish" ? { ...event, op: { ...event.op, ...change } } : event,
  );
}

/** Changes what it was answered. */
export function answeredOtherwise(history: History, record: OperationRecord, change: Partial<CompletionEvent>): History {
  return changed(history, (event) => (isCompletion(event) && event.id === record.id ? { ...event, ...change } : event));
}

/** Each of two messages that were read stands where the other one stood. */
export function swapped(history: History, first: ReadEvent, second: ReadEvent): History {
  return changed(history, (event) => {
    if (event === first) {
      return { ...second, seq: first.seq };
    }
    return event === second ? { ...first, seq: second.seq } : event;
  });
}

export function isDelivery(event: HistoryEvent): event is DeliveryEvent {
  return event.type === "delivery";
}

/** The last event before the final read-back: what is put behind it happened at the very end of the run. */
export function lastBeforeReadBack(history: History): HistoryEvent | undefined {
  const end = history.events.findLastIndex((event) => event.type === "ok");
  return history.events[end];
}
