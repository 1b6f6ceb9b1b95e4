/**
 * `rate_limit_bps` of a push consumer: a bucket that fills at the configured rate and holds one message of the largest size. It starts
 * full, so that many bytes leave at once.
 */
const bitsPerByte = 8;
const msPerSecond = 1000;

export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #capacity: number;
  #level: number;
  #levelAtMs: number;

  constructor({ bitsPerSecond, burstBytes, nowMs }: { bitsPerSecond: number; burstBytes: number; nowMs: number }) {
    // Whole bytes a second, as the official server counts.
    this.#bytesPerMs = Math.floor(bitsPerSecond / bitsPerByte) / msPerSecond;
    this.#capacity = burstBytes;
    this.#level = burstBytes;
    this.#levelAtMs = nowMs;
  }

  /** When a message of this size may leave: not after `nowMs`, or later. */
  dueMs(bytes: number, nowMs: number): number {
    this.#fill(nowMs);
    const missing = Math.min(bytes, this.#capacity) - this.#level;
    if (missing <= 0) {
      return nowMs;
    }
    return this.#bytesPerMs === 0 ? Number.POSITIVE_INFINITY : nowMs + missing / this.#bytesPerMs;
  }

  take(bytes: number): void {
    this.#level -= bytes;
  }

  #fill(nowMs: number): void {
    this.#level = Math.min(this.#level + (nowMs - this.#levelAtMs) * this.#bytesPerMs, this.#capacity);
    this.#levelAtMs = nowMs;
  }
}
