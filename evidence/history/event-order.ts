/**
 * What must hold between the events of one history: time does not go back, an operation has one id, one beginning and at most one end, an
 * acknowledged publish names its sequence, and a get that was answered a message or its absence. The writer and the parser both ask here, so a file that was written can be read.
 */
import type { CompletionEvent, HistoryEvent, Operation } from "./events.ts";

export class EventOrder {
  #at = 0;
  #begun = false;
  readonly #open = new Map<number, Operation>();
  readonly #seen = new Set<number>();

  /** The reason why `event` may not come next, or undefined when it may; then it counts as taken. */
  refuse(event: HistoryEvent): string | undefined {
    const reason = this.#reasonAgainst(event);
    if (reason === undefined) {
      this.#take(event);
    }
    return reason;
  }

  /** Operations that began and have no end yet. */
  open(): readonly number[] {
    return [...this.#open.keys()];
  }

  #reasonAgainst(event: HistoryEvent): string | undefined {
    if (event.at < this.#at) {
      return `at: ${event.at} lies before the event above it (${this.#at})`;
    }
    switch (event.type) {
      case "run":
        return this.#begun ? "type: a history has one run event, at its beginning" : undefined;
      case "invoke":
        return this.#seen.has(event.id) ? `id: operation ${event.id} has already begun` : undefined;
      case "ok":
      case "fail":
      case "info":
        return this.#reasonAgainstEnd(event);
      default:
        return undefined;
    }
  }

  #reasonAgainstEnd(event: CompletionEvent): string | undefined {
    const { id } = event;
    const op = this.#open.get(id);
    if (op === undefined) {
      return this.#seen.has(id) ? `id: operation ${id} has already ended` : `id: operation ${id} never began`;
    }
    return event.type === "ok" ? missingFrom(op, event) : undefined;
  }

  #take(event: HistoryEvent): void {
    this.#at = event.at;
    this.#begun = true;
    if (event.type === "invoke") {
      this.#seen.add(event.id);
      this.#open.set(event.id, event.op);
    } else if (event.type === "ok" || event.type === "fail" || event.type === "info") {
      this.#open.delete(event.id);
    }
  }
}

/** What an answer of this kind has to say. */
function missingFrom(op: Operation, { seq, message, absent, figures, state }: CompletionEvent): string | undefined {
  if (op.kind === "publish" || op.kind === "publish-batch") {
    return seq === undefined ? "seq: an acknowledged publish names its sequence" : undefined;
  }
  if (op.kind === "get" && (message === undefined) === (absent !== true)) {
    return "message: an answered get gives a message, or says that there is none";
  }
  if (op.kind === "stream-info" || op.kind === "consumer-info") {
    const said = op.kind === "stream-info" ? figures : state;
    return (said === undefined) === (absent !== true) ? "figures: an answered info gives them, or says that there is none" : undefined;
  }
  return undefined;
}
