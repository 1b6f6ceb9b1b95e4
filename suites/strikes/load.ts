/**
 * The load under which a blow comes: one workload, phase after phase, with its progress counted and moments of it waited for. A phase ends when it is
 * settled (every operation answered), cut (what is in flight has no known outcome), or when the server is gone.
 */

import type { Operation } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { within } from "../runner/deadline.ts";
import type { PhaseContext, Workload } from "../workloads/workload.ts";
import type { Moment } from "./blow.ts";

export interface LoadOptions {
  readonly workload: Workload;
  readonly url: string;
  readonly history: HistoryWriter;
  readonly signal: AbortSignal;
  /** An operation that takes longer has no answer. */
  readonly timeoutMs: number;
}

interface Waiter {
  readonly isReached: () => boolean;
  /** No operation begins any more once it is reached. */
  readonly settles: boolean;
  readonly resolve: () => void;
}

/** Beyond its own time an operation may only still be given up. */
const graceMs = 5000;

export class Load {
  readonly #options: LoadOptions;
  readonly #byKind = new Map<string, number>();
  #acknowledged = 0;
  #waiters: readonly Waiter[] = [];
  #isSettling = false;
  #cut = new AbortController();
  #phase: Promise<void> = Promise.resolve();
  #runs = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Whether a phase goes on. */
  get runs(): boolean {
    return this.#runs;
  }

  /** Begins a phase; it goes on beside the caller. */
  begin(): void {
    const { workload, signal } = this.#options;
    this.#isSettling = false;
    this.#cut = new AbortController();
    this.#runs = true;
    this.#phase = workload.phase({ ...this.context(), cut: this.#cut.signal, signal }).finally(() => {
      this.#runs = false;
      this.#wake();
    });
    // Whoever settles it learns of its failure; a load that is cut may end as it likes.
    this.#phase.catch(() => undefined);
  }

  /** What a phase, the preparation and the read-back are told. */
  context(): PhaseContext {
    const { url, history, signal, timeoutMs } = this.#options;
    return {
      url,
      history,
      signal,
      timeoutMs,
      cut: new AbortController().signal,
      answered: (op) => this.#answered(op),
      isEnough: () => this.#isSettling,
    };
  }

  /** Resolves with true at the moment, with false when the phase ended, or so much time went by, before it. */
  async until(
    moment: Exclude<Moment, { call: unknown }>,
    { withinMs = Number.POSITIVE_INFINITY, settles = false }: { withinMs?: number; settles?: boolean } = {},
  ): Promise<boolean> {
    const isReached = (): boolean =>
      "acked" in moment ? this.#acknowledged >= moment.acked : (this.#byKind.get(moment.reply) ?? 0) >= moment.nth;
    await this.#waitFor({ isReached, settles }, withinMs);
    return isReached();
  }

  /** Ends the phase with every operation answered or given up. */
  async settle(): Promise<void> {
    this.#isSettling = true;
    this.#wake();
    const { timeoutMs } = this.#options;
    await within(this.#phase, { timeoutMs: timeoutMs + graceMs, what: "the end of the load" });
  }

  /** Ends the phase at once: the server is being hurt. */
  async cut(): Promise<void> {
    this.#cut.abort(new Error("the server was hurt"));
    await this.#phase.catch(() => undefined);
  }

  #answered(op: Operation): void {
    const kind = op.kind === "ack" ? "double-ack" : op.kind;
    this.#acknowledged++;
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
    this.#wake();
  }

  async #waitFor(what: Omit<Waiter, "resolve">, withinMs: number): Promise<void> {
    if (what.isReached() || !this.#runs) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { ...what, resolve };
    this.#waiters = [...this.#waiters, waiter];
    const timer = Number.isFinite(withinMs) ? setTimeout(resolve, withinMs) : undefined;
    await promise;
    clearTimeout(timer);
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  #wake(): void {
    for (const { isReached, settles, resolve } of this.#waiters) {
      if (!this.#runs || isReached()) {
        this.#isSettling ||= settles;
        resolve();
      }
    }
  }
}
