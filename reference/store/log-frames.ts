/**
 * Memory for segments: a fixed number of frames of one segment each, in one WebAssembly memory, so that appending, hashing and reading
 * hot data happen in place. A segment keeps its frame after it is full, as a read cache, until the frame is needed again; only synced
 * segments give theirs up. A segment that is larger than a frame brings its own memory.
 */
import { LogMemory } from "./checksum.ts";
import type { Segment } from "./segment.ts";

export class LogFrames {
  readonly #frameBytes: number;
  readonly #count: number;
  #arena: LogMemory | undefined;
  readonly #free: number[] = [];
  /** Oldest first. */
  readonly #holders: Segment[] = [];

  constructor(frameBytes: number, count: number) {
    this.#frameBytes = frameBytes;
    this.#count = Math.max(2, count);
  }

  give(segment: Segment): void {
    if (segment.capacity > this.#frameBytes) {
      segment.memory = new LogMemory(segment.capacity);
      segment.base = 0;
      return;
    }
    if (this.#arena === undefined) {
      this.#arena = new LogMemory(this.#frameBytes * this.#count);
      for (let frame = this.#count - 1; frame >= 0; frame -= 1) {
        this.#free.push(frame * this.#frameBytes);
      }
    }
    const base = this.#free.pop() ?? this.#reclaim();
    segment.memory = base === undefined ? new LogMemory(segment.capacity) : this.#arena;
    segment.base = base ?? 0;
    if (base !== undefined) {
      this.#holders.push(segment);
    }
  }

  owns(view: Uint8Array): boolean {
    return view.buffer === this.#arena?.bytes.buffer;
  }

  takeBack(segment: Segment): void {
    const at = this.#holders.indexOf(segment);
    if (at >= 0) {
      this.#holders.splice(at, 1);
      this.#free.push(segment.base);
    }
    segment.memory = undefined;
  }

  #reclaim(): number | undefined {
    const at = this.#holders.findIndex((holder) => holder.synced === holder.tail);
    const [holder] = at < 0 ? [] : this.#holders.splice(at, 1);
    if (holder !== undefined) {
      holder.memory = undefined;
      holder.file?.close();
      holder.file = undefined;
    }
    return holder?.base;
  }
}
