/** Watches over a block while it waits: a server that is gone, silent or refuses everything ends the wait early. */
import type { Connection } from "../../wire/connection.ts";
import type { Flow } from "./flow.ts";
import type { Recorder } from "./recorder.ts";

export type Phase = "set-up" | "warm-up" | "measure" | "drain";

const errorsMax = 1000;
const tickMs = 100;

export interface WatchOptions {
  readonly flow: Flow;
  readonly recorder: Recorder;
  readonly connections: readonly Connection[];
  /** Longest time without an answer while operations are in flight. */
  readonly silenceMaxMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: { phase: Phase; operations: number; seconds: number }) => void;
}

/** Ends a wait early when the block can't go on: connection lost, flow failed, silence, too many errors, abort. */
export class Watch {
  readonly #broken: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #options: WatchOptions;
  #phase: Phase = "set-up";
  #seen = 0;
  #seenAtMs = performance.now();
  #sleeping: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  constructor(options: WatchOptions) {
    const { flow, connections, signal } = options;
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#broken = promise;
    promise.catch(() => undefined);
    flow.failed.catch(reject);
    for (const connection of connections) {
      void connection.closed.then((reason) => reject(reason.error));
    }
    this.#onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", this.#onAbort);
    this.#timer = setInterval(() => this.#tick(reject), tickMs);
  }

  async during<T>(phase: Phase, wait: T | Promise<T>): Promise<T> {
    // Setting up has deadlines of its own: the silence before it does not count.
    this.#seenAtMs = this.#phase === "set-up" ? performance.now() : this.#seenAtMs;
    this.#phase = phase;
    return Promise.race([wait, this.#broken]);
  }

  /** The timer dies with the watch: a minute of measurement does not outlive a dead server. */
  async sleep(phase: Phase, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleeping = setTimeout(resolve, ms);
    await this.during(phase, promise);
  }

  end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#sleeping);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #tick(reject: (error: Error) => void): void {
    const { flow, recorder, silenceMaxMs, onProgress } = this.#options;
    const now = performance.now();
    if (recorder.progress !== this.#seen || flow.inFlight === 0) {
      this.#seen = recorder.progress;
      this.#seenAtMs = now;
    }
    if (this.#phase !== "set-up" && now - this.#seenAtMs > silenceMaxMs) {
      reject(new Error(`the server answered nothing for ${silenceMaxMs / 1000} s with ${flow.inFlight} operations in flight`));
    }
    if (flow.errorCount > errorsMax) {
      reject(new Error(`more than ${errorsMax} operations failed`));
    }
    onProgress({ phase: this.#phase, operations: recorder.operations, seconds: recorder.seconds });
  }
}
