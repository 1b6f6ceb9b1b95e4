/**
 * Frames on their way out, copied into large re-used chunks: one write for everything that became due in one turn. Small writes cost the
 * server more than a copy costs here.
 */
import type { Connection } from "../../wire/connection.ts";

const chunkBytes = 256 * 1024;

export class Chunks {
  readonly #connection: Connection;
  readonly #free: Buffer[] = [];
  #chunk: Buffer;
  #used = 0;
  #scheduled = false;
  /** Called just before bytes leave: the moment of sending for everything added since. */
  onSend: (() => void) | undefined;

  constructor(connection: Connection, frameBytesMax: number) {
    this.#connection = connection;
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, frameBytesMax));
  }

  /** Room for one frame; returns where it begins in `chunk`. */
  reserve(size: number): number {
    if (this.#used + size > this.#chunk.length) {
      this.send();
    }
    const at = this.#used;
    this.#used += size;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => this.send());
    }
    return at;
  }

  get chunk(): Buffer {
    return this.#chunk;
  }

  send(): void {
    this.#scheduled = false;
    if (this.#used === 0) {
      return;
    }
    const chunk = this.#chunk;
    const used = this.#used;
    this.#used = 0;
    if (this.#connection.isClosed) {
      return;
    }
    this.#chunk = this.#free.pop() ?? Buffer.allocUnsafeSlow(chunk.length);
    this.onSend?.();
    this.#connection.publishEncoded(chunk.subarray(0, used), () => this.#free.push(chunk));
  }
}
