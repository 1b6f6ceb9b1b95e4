/**
 * What must hold between the events of one history: time does not go back, an operation has one id, one beginning and at most one end, and an
 * acknowledged publish names its sequence. The writer and the parser both ask here, so a file that was written can be read.
 */
import type { HistoryEvent } from "./events.ts";

export class EventOrder {
  #at = 0;
  #begun = false;
  readonly #open = new Map<number, "publish" | "other">();
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
        return this.#reasonAgainstEnd(event.id, event.type === "ok" && event.seq === undefined);
      default:
        return undefined;
    }
  }

  #reasonAgainstEnd(id: number, withoutSequence: boolean): string | undefined {
    const kind = this.#open.get(id);
    if (kind === undefined) {
      return this.#seen.has(id) ? `id: operation ${id} has already ended` : `id: operation ${id} never began`;
    }
    return kind === "publish" && withoutSequence ? "seq: an acknowledged publish names its sequence" : undefined;
  }

  #take(event: HistoryEvent): void {
    this.#at = event.at;
    this.#begun = true;
    if (event.type === "invoke") {
      this.#seen.add(event.id);
      this.#open.set(event.id, event.op.kind === "publish" ? "publish" : "other");
    } else if (event.type === "ok" || event.type === "fail" || event.type === "info") {
      this.#open.delete(event.id);
    }
  }
}
