/** Time that moves only when told. Timers run in the order of their due time, those due together in the order they were set. */
import type { Clock, Timer } from "../ports.ts";

interface Waiting {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  readonly #startNs: bigint;
  #elapsedMs = 0;
  #order = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(startNs = 1_700_000_000_000_000_000n) {
    this.#startNs = startNs;
  }

  nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#elapsedMs * 1_000_000));
  }

  nowMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    this.#order += 1;
    const waiting = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order, run };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** Timers that have not run yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Moves time on and runs what becomes due, each timer at its own moment. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      this.#waiting.delete(due);
      this.#elapsedMs = Math.max(this.#elapsedMs, due.dueMs);
      due.run();
    }
    this.#elapsedMs = end;
  }

  /** Forgets every timer, as the end of a process does. */
  dropTimers(): void {
    this.#waiting.clear();
  }

  #nextDue(end: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const waiting of this.#waiting) {
      const earlier = first === undefined || waiting.dueMs < first.dueMs || (waiting.dueMs === first.dueMs && waiting.order < first.order);
      if (waiting.dueMs <= end && earlier) {
        first = waiting;
      }
    }
    return first;
  }
}
