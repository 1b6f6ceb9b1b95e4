/**
 * The two clocks of one block. `service` counts from the actual send, `response` from the intended time, so that a stalled server can't hide
 * the operations that had to wait for it. In a closed model there is no intended time and therefore no response clock.
 */
import { LatencyHistogram } from "./latency.ts";

/** What a flow tells about its operations. */
export interface Clocks {
  completed(intendedMs: number, sentMs: number, receivedMs: number): void;
  /** Something that nobody asked for one by one: it counts and took no time of its own. */
  arrived(receivedMs: number): void;
  sent(intendedMs: number, nowMs: number, waitedForServer: boolean): void;
  neverSent(intendedMs: number): void;
}

/** A stall at the very end of a measurement is no sign of a rate that can't be sustained. */
const graceMs = 250;
/** After so many turns of the window a part of one more makes no difference. */
const manyTurns = 32;

export class Recorder implements Clocks {
  readonly service = new LatencyHistogram();
  readonly response: LatencyHistogram | undefined;
  /** How late the generator itself was, for operations that did not wait for the server. */
  readonly lag: LatencyHistogram | undefined;
  /** Answers, measured or not: a sign of life. */
  progress = 0;
  /** Completed inside the measurement. */
  operations = 0;
  deferred = 0;
  /** Scheduled inside the measurement. */
  offered = 0;
  /** Of these: ended well after the measurement, or never sent at all. */
  late = 0;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.POSITIVE_INFINITY;
  #onAnswer: ((receivedMs: number) => void) | undefined;

  constructor(model: "open" | "closed") {
    this.response = model === "open" ? new LatencyHistogram() : undefined;
    this.lag = model === "open" ? new LatencyHistogram() : undefined;
  }

  begin(nowMs: number): void {
    this.#startMs = nowMs;
  }

  end(nowMs: number): void {
    this.#endMs = nowMs;
  }

  /** The first answer to come is the first one inside. */
  beginWithAnswer(): Promise<void> {
    return this.#untilAnswer(
      () => true,
      (receivedMs) => this.begin(receivedMs),
    );
  }

  /**
   * A server that syncs every message answers a whole window at once, seconds apart; between two points of the clock there may be one such
   * burst or none. In a closed model each place of the window is answered once in a turn, so a measurement of few turns ends when a turn is
   * whole: the next answer is the first one outside.
   */
  endWithTurn(window: number): Promise<void> {
    return this.#untilAnswer(
      () => this.operations >= manyTurns * window || (this.operations >= window && this.operations % window === 0),
      (receivedMs) => this.end(receivedMs),
    );
  }

  get seconds(): number {
    return Math.max(0, (Math.min(this.#endMs, performance.now()) - this.#startMs) / 1000);
  }

  completed(intendedMs: number, sentMs: number, receivedMs: number): void {
    this.progress++;
    this.#onAnswer?.(receivedMs);
    if (this.#isInside(receivedMs)) {
      this.operations++;
    }
    // An open model judges by when the operation was due: what completes after the end belongs to it, too.
    if (this.#isInside(this.response === undefined ? receivedMs : intendedMs)) {
      this.service.recordMs(receivedMs - sentMs);
      this.response?.recordMs(receivedMs - intendedMs);
      this.late += receivedMs > this.#endMs + graceMs ? 1 : 0;
    }
  }

  arrived(receivedMs: number): void {
    this.progress++;
    this.#onAnswer?.(receivedMs);
    if (this.#isInside(receivedMs)) {
      this.operations++;
    }
  }

  sent(intendedMs: number, nowMs: number, waitedForServer: boolean): void {
    if (!this.#isInside(intendedMs)) {
      return;
    }
    this.offered++;
    if (waitedForServer) {
      this.deferred++;
    } else {
      this.lag?.recordMs(nowMs - intendedMs);
    }
  }

  /** An operation that was due and never sent, because the window stayed full. */
  neverSent(intendedMs: number): void {
    if (this.#isInside(intendedMs)) {
      this.offered++;
      this.deferred++;
      this.late++;
    }
  }

  free(): void {
    this.service.free();
    this.response?.free();
    this.lag?.free();
  }

  #untilAnswer(isIt: () => boolean, then: (receivedMs: number) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#onAnswer = (receivedMs) => {
        if (!isIt()) {
          return;
        }
        this.#onAnswer = undefined;
        then(receivedMs);
        resolve();
      };
    });
  }

  #isInside(timeMs: number): boolean {
    return timeMs >= this.#startMs && timeMs < this.#endMs;
  }
}
