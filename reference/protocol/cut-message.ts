/** A message that the end of a chunk cut off, put together again with its arguments, so that all ranges of its frame stay in one buffer. */
import { CR, LF } from "./octets.ts";
import type { PublishFrame } from "./publish-frame.ts";

/** A buffer above this is given back after its message. */
const KEPT_BYTES = 64 * 1024;
const SMALLEST_BUFFER = 1024;
const NO_BYTES = Buffer.alloc(0);

export class CutMessage {
  #buffer: Buffer = NO_BYTES;
  /** Arguments, payload and its line end; 0 when no message is cut. */
  #length = 0;
  #filled = 0;

  get isPending(): boolean {
    return this.#length > 0;
  }

  get isComplete(): boolean {
    return this.#filled === this.#length;
  }

  /** What should be CR LF isn't, as far as it has arrived. */
  get isMalformed(): boolean {
    const crAt = this.#length - 2;
    return (this.#filled > crAt && this.#buffer[crAt] !== CR) || (this.#filled > crAt + 1 && this.#buffer[crAt + 1] !== LF);
  }

  /** Moves what `chunk` holds of the frame's message here and points the frame at it. */
  keep(frame: PublishFrame, chunk: Buffer, end: number): void {
    const start = frame.subjectStart;
    this.#length = frame.payloadEnd + 2 - start;
    if (this.#buffer.length < this.#length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#length, SMALLEST_BUFFER));
    }
    this.#filled = chunk.copy(this.#buffer, 0, start, end);
    frame.moveTo(this.#buffer, start);
  }

  /** Takes what belongs to the message; returns where the rest of the chunk begins. */
  fill(chunk: Buffer, from: number): number {
    const next = Math.min(chunk.length, from + this.#length - this.#filled);
    this.#filled += chunk.copy(this.#buffer, this.#filled, from, next);
    return next;
  }

  /** The message was handed over. */
  release(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES) {
      this.#buffer = NO_BYTES;
    }
  }
}
