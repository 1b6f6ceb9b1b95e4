/**
 * Frames on their way out, put into large re-used chunks: one write for everything that became due in one turn. Small writes cost the
 * server more than a copy costs here. Writing waits until all sockets have been read: a write between two reads would make the answer in
 * the second one look late, and many connections measure each other.
 *
 * A caller whose frames all have one size gives a template: every chunk is filled with it once, and each frame is only patched.
 */
import type { Connection } from "../../wire/connection.ts";

const chunkBytes = 256 * 1024;

export interface Chunk {
  readonly bytes: Buffer;
  /** Of the same memory. */
  readonly view: DataView;
}

export class Chunks {
  readonly #connection: Connection;
  readonly #template: Buffer | undefined;
  readonly #free: Chunk[] = [];
  #chunk: Chunk;
  #used = 0;
  #scheduled = false;
  readonly #sendScheduled = () => this.send();
  /** Called just before bytes leave: the moment of sending for everything added since. */
  onSend: (() => void) | undefined;

  constructor(connection: Connection, frame: { readonly bytesMax: number } | { readonly template: Buffer }) {
    this.#connection = connection;
    this.#template = "template" in frame ? frame.template : undefined;
    const bytesMax = "template" in frame ? frame.template.length : frame.bytesMax;
    this.#chunk = this.#newChunk(Math.max(chunkBytes, bytesMax));
  }

  /** Room for one frame; returns where it begins in `chunk`. */
  reserve(size: number): number {
    if (this.#used + size > this.#chunk.bytes.length) {
      this.send();
    }
    const at = this.#used;
    this.#used += size;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#sendScheduled);
    }
    return at;
  }

  /** True when the next frame is the first of a write. */
  get isEmpty(): boolean {
    return this.#used === 0;
  }

  get chunk(): Chunk {
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
    this.#chunk = this.#free.pop() ?? this.#newChunk(chunk.bytes.length);
    this.onSend?.();
    this.#connection.publishEncoded(chunk.bytes.subarray(0, used), () => this.#free.push(chunk));
  }

  #newChunk(size: number): Chunk {
    const bytes = Buffer.allocUnsafeSlow(size);
    const template = this.#template;
    if (template !== undefined) {
      for (let at = 0; at + template.length <= size; at += template.length) {
        bytes.set(template, at);
      }
    }
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
  }
}
