/** Output buffers in two sizes, handed from connection to connection. A connection with nothing to send holds none. */

export const SMALL_BUFFER = 16 * 1024;
export const LARGE_BUFFER = 256 * 1024;

/** Enough for the connections that are busy at once; what comes back beyond it goes to the garbage collector. */
const KEPT_SMALL = 256;
const KEPT_LARGE = 32;

export class OutputPool {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];

  /** A buffer of at least `bytes`; sizes above the large one are made for the occasion. */
  take(bytes: number): Buffer {
    if (bytes <= SMALL_BUFFER) {
      return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_BUFFER);
    }
    if (bytes <= LARGE_BUFFER) {
      return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_BUFFER);
    }
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Only for buffers that nobody reads any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === SMALL_BUFFER && this.#small.length < KEPT_SMALL) {
      this.#small.push(buffer);
    } else if (buffer.length === LARGE_BUFFER && this.#large.length < KEPT_LARGE) {
      this.#large.push(buffer);
    }
  }
}
