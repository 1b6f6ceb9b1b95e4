/**
 * The message ids of a stream's duplicate window, each with the sequence it got. An id is kept for the whole window even when its message
 * is gone. There is no upper bound but memory: 16 shards split the pauses of growing, and nothing here is a `Map`, which would
 * end at 2^24 entries.
 */
import { IdShard } from "./message-id-shard.ts";

const SHARD_BITS = 4;

export class MessageIds {
  #windowNs: number;
  readonly #seed: number;
  readonly #shards: (IdShard | undefined)[] = Array.from({ length: 1 << SHARD_BITS });

  constructor(options: { windowNs: number; seed: number }) {
    this.#windowNs = options.windowNs;
    this.#seed = options.seed;
  }

  get windowNs(): number {
    return this.#windowNs;
  }

  get size(): number {
    return this.#shards.reduce((sum, shard) => sum + (shard?.size ?? 0), 0);
  }

  /** The sequence that `bytes[start..end)` got inside the window, 0 for an unknown id. */
  find(bytes: Uint8Array, start: number, end: number, nowNs: number): number {
    const hash = hashOf(bytes, start, end, this.#seed);
    const shard = this.#shards[hash >>> (32 - SHARD_BITS)];
    if (shard === undefined) {
      return 0;
    }
    shard.dropBefore(nowNs - this.#windowNs);
    return shard.find(hash, bytes, start, end);
  }

  /** Adds an id that `find` does not know. */
  add(bytes: Uint8Array, start: number, end: number, sequence: number, timeNs: number): void {
    if (this.#windowNs <= 0) {
      return;
    }
    const hash = hashOf(bytes, start, end, this.#seed);
    const index = hash >>> (32 - SHARD_BITS);
    let shard = this.#shards[index];
    if (shard === undefined) {
      shard = new IdShard();
      this.#shards[index] = shard;
    }
    shard.add(hash, bytes, start, end, sequence, timeNs);
  }

  /** Adds an id from the store after a restart; called in the order of times. */
  restore(id: string, sequence: number, timeNs: number): void {
    const bytes = Buffer.from(id, "utf8");
    this.add(bytes, 0, bytes.length, sequence, timeNs);
  }

  setWindow(windowNs: number, nowNs: number): void {
    this.#windowNs = windowNs;
    this.dropOld(nowNs);
  }

  dropOld(nowNs: number): void {
    for (const shard of this.#shards) {
      shard?.dropBefore(nowNs - this.#windowNs);
    }
  }
}

/** FNV-1a with a seed and a final mix: ids mostly differ in their last characters, shards are chosen by the first bits. */
function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let index = start; index < end; index += 1) {
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return Math.imul(hash, 0xc2b2ae35) >>> 0;
}
