/**
 * One shard of `MessageIds`: an open-addressed table over a ring of entries in the order of their times.
 *
 *   slots     Int32, twice the ring: ring position + 1, 0 = free; linear probing, removal by backward shift
 *   ring      hash, sequence, time, chunk, offset and length of each id; the oldest entry leaves first
 *   chunks    the bytes of the ids; a chunk goes when its last id has gone
 *
 * Invariant: an id's bytes never cross a chunk, and chunks are in the order of the ring.
 */

const RING_INITIAL = 64;
const CHUNK_BYTES = 64 * 1024;

export class IdShard {
  #slots = new Int32Array(RING_INITIAL * 2);
  #ring = new Ring(RING_INITIAL);
  /** Entries are numbered from 0 for ever; `#first` is the oldest that is left. */
  #first = 0;
  #next = 0;
  #chunks: Uint8Array[] = [new Uint8Array(CHUNK_BYTES)];
  /** Number of `#chunks[0]`. */
  #chunkBase = 0;
  #chunkUsed = 0;

  get size(): number {
    return this.#next - this.#first;
  }

  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const position = (this.#slots[slot] ?? 0) - 1;
      if (position < 0) {
        return 0;
      }
      if (this.#ring.hash[position] === hash && this.#isId(position, bytes, start, end)) {
        return this.#ring.sequence[position] ?? 0;
      }
    }
  }

  add(hash: number, bytes: Uint8Array, start: number, end: number, sequence: number, timeNs: number): void {
    if (this.size === this.#ring.capacity) {
      this.#grow();
    }
    const position = this.#next & (this.#ring.capacity - 1);
    this.#ring.hash[position] = hash;
    this.#ring.sequence[position] = sequence;
    this.#ring.time[position] = timeNs;
    this.#ring.length[position] = end - start;
    this.#keepBytes(position, bytes, start, end);
    this.#occupy(hash, position);
    this.#next += 1;
  }

  /** Forgets every id that is not younger than `timeNs`. */
  dropBefore(timeNs: number): void {
    while (this.#first < this.#next) {
      const position = this.#first & (this.#ring.capacity - 1);
      if ((this.#ring.time[position] ?? 0) > timeNs) {
        return;
      }
      this.#free(position);
      this.#first += 1;
      this.#dropChunks();
    }
  }

  #isId(position: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.#ring.length[position] ?? 0;
    const chunk = this.#chunks[(this.#ring.chunk[position] ?? 0) - this.#chunkBase];
    if (length !== end - start || chunk === undefined) {
      return false;
    }
    const offset = this.#ring.offset[position] ?? 0;
    for (let index = 0; index < length; index += 1) {
      if (chunk[offset + index] !== bytes[start + index]) {
        return false;
      }
    }
    return true;
  }

  #keepBytes(position: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let chunk = this.#chunks[this.#chunks.length - 1];
    if (chunk === undefined || this.#chunkUsed + length > chunk.length) {
      chunk = new Uint8Array(Math.max(CHUNK_BYTES, length));
      this.#chunks.push(chunk);
      this.#chunkUsed = 0;
    }
    for (let index = 0; index < length; index += 1) {
      chunk[this.#chunkUsed + index] = bytes[start + index] ?? 0;
    }
    this.#ring.chunk[position] = this.#chunkBase + this.#chunks.length - 1;
    this.#ring.offset[position] = this.#chunkUsed;
    this.#chunkUsed += length;
  }

  #dropChunks(): void {
    const last = this.#chunkBase + this.#chunks.length - 1;
    const oldest = this.#first === this.#next ? last : (this.#ring.chunk[this.#first & (this.#ring.capacity - 1)] ?? last);
    if (oldest > this.#chunkBase) {
      this.#chunks.splice(0, oldest - this.#chunkBase);
      this.#chunkBase = oldest;
    }
  }

  #occupy(hash: number, position: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) {
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = position + 1;
  }

  /** Takes an entry out of the table and moves later ones of its probe chain up, so that no gap breaks a chain. */
  #free(position: number): void {
    const mask = this.#slots.length - 1;
    let gap = (this.#ring.hash[position] ?? 0) & mask;
    while (this.#slots[gap] !== position + 1) {
      gap = (gap + 1) & mask;
    }
    for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
      const candidate = (this.#slots[slot] ?? 0) - 1;
      if (candidate < 0) {
        break;
      }
      const home = (this.#ring.hash[candidate] ?? 0) & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        this.#slots[gap] = candidate + 1;
        gap = slot;
      }
    }
    this.#slots[gap] = 0;
  }

  #grow(): void {
    const count = this.size;
    this.#ring = this.#ring.doubled(this.#first, count);
    this.#first = 0;
    this.#next = count;
    this.#slots = new Int32Array(this.#ring.capacity * 2);
    for (let position = 0; position < count; position += 1) {
      this.#occupy(this.#ring.hash[position] ?? 0, position);
    }
  }
}

class Ring {
  readonly capacity: number;
  readonly hash: Uint32Array;
  readonly sequence: Float64Array;
  readonly time: Float64Array;
  readonly chunk: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.hash = new Uint32Array(capacity);
    this.sequence = new Float64Array(capacity);
    this.time = new Float64Array(capacity);
    this.chunk = new Uint32Array(capacity);
    this.offset = new Uint32Array(capacity);
    this.length = new Uint32Array(capacity);
  }

  /** A ring of twice the size with `count` entries, numbered from `first` here and from 0 there. */
  doubled(first: number, count: number): Ring {
    const ring = new Ring(this.capacity * 2);
    const mask = this.capacity - 1;
    for (let index = 0; index < count; index += 1) {
      const from = (first + index) & mask;
      ring.hash[index] = this.hash[from] ?? 0;
      ring.sequence[index] = this.sequence[from] ?? 0;
      ring.time[index] = this.time[from] ?? 0;
      ring.chunk[index] = this.chunk[from] ?? 0;
      ring.offset[index] = this.offset[from] ?? 0;
      ring.length[index] = this.length[from] ?? 0;
    }
    return ring;
  }
}
