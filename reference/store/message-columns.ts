/**
 * The columns of a stream's messages, in chunks of 1,024 sequences. 32 bytes a message and no object:
 *
 *    time i64 | place u32 | offset u32 | size u32 | subject u32 | previous u32 | next u32
 *
 * `place` and `offset` say where the body is (segment or memory block, byte in it); `size` is the accounted size. `subject` is the
 * number of the subject in the stream's table, 0 when nothing is stored and `lostSubject` when damage took the message. `previous` and
 * `next` are distances to the neighbours on the same subject, 0 at the ends, `farAway` when the distance needs more than 32 bits.
 *
 * Invariants: a chunk without stored or lost messages is dropped unless it is the newest; what is dropped reads as absent.
 */
export const chunkSequences = 1024;
export const lostSubject = 0xffff_ffff;
export const farAway = 0xffff_ffff;

const bytesPerMessage = 32;
const firstCapacity = 32;

export class Chunk {
  time!: BigInt64Array;
  place!: Uint32Array;
  offset!: Uint32Array;
  size!: Uint32Array;
  subject!: Uint32Array;
  previous!: Uint32Array;
  next!: Uint32Array;
  capacity: number;
  stored = 0;
  lost = 0;
  /** Latest time ever written here; lets a search by time step over whole chunks. */
  latestNs = 0n;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#lay(new ArrayBuffer(capacity * bytesPerMessage));
  }

  grow(slot: number): void {
    const { time, place, offset, size, subject, previous, next } = this;
    while (this.capacity <= slot) {
      this.capacity *= 2;
    }
    this.#lay(new ArrayBuffer(this.capacity * bytesPerMessage));
    this.time.set(time);
    this.place.set(place);
    this.offset.set(offset);
    this.size.set(size);
    this.subject.set(subject);
    this.previous.set(previous);
    this.next.set(next);
  }

  #lay(buffer: ArrayBuffer): void {
    const count = this.capacity;
    this.time = new BigInt64Array(buffer, 0, count);
    this.place = new Uint32Array(buffer, count * 8, count);
    this.offset = new Uint32Array(buffer, count * 12, count);
    this.size = new Uint32Array(buffer, count * 16, count);
    this.subject = new Uint32Array(buffer, count * 20, count);
    this.previous = new Uint32Array(buffer, count * 24, count);
    this.next = new Uint32Array(buffer, count * 28, count);
  }
}

export class MessageColumns {
  readonly #chunks: (Chunk | undefined)[] = [];
  /** Chunk number of `#chunks[0]`. */
  #base = 0;

  /** The chunk that holds `sequence`, undefined when none was made or it was dropped. */
  chunkOf(sequence: number): Chunk | undefined {
    return this.#chunks[Math.floor(sequence / chunkSequences) - this.#base];
  }

  /** The chunk for a sequence that is about to be written. */
  claim(sequence: number): Chunk {
    const number = Math.floor(sequence / chunkSequences);
    if (this.#chunks.length === 0) {
      this.#base = number;
    }
    while (number < this.#base) {
      this.#chunks.unshift(undefined);
      this.#base -= 1;
    }
    const at = number - this.#base;
    while (this.#chunks.length <= at) {
      this.#chunks.push(undefined);
    }
    let chunk = this.#chunks[at];
    if (chunk === undefined) {
      // Most streams are small: only a stream that already filled a chunk pays for a whole one at once.
      chunk = new Chunk(at === 0 ? firstCapacity : chunkSequences);
      this.#chunks[at] = chunk;
    }
    const slot = sequence - number * chunkSequences;
    if (slot >= chunk.capacity) {
      chunk.grow(slot);
    }
    return chunk;
  }

  /** Distance to the next message on the same subject. */
  setNext(sequence: number, step: number): void {
    const chunk = this.chunkOf(sequence);
    if (chunk !== undefined) {
      chunk.next[slotOf(sequence)] = step;
    }
  }

  setPrevious(sequence: number, step: number): void {
    const chunk = this.chunkOf(sequence);
    if (chunk !== undefined) {
      chunk.previous[slotOf(sequence)] = step;
    }
  }

  /** Drops the chunk of `sequence` if nothing in it is stored or lost. */
  dropIfEmpty(sequence: number): void {
    const at = Math.floor(sequence / chunkSequences) - this.#base;
    const chunk = this.#chunks[at];
    if (chunk === undefined || chunk.stored > 0 || chunk.lost > 0 || at === this.#chunks.length - 1) {
      return;
    }
    this.#chunks[at] = undefined;
    if (at === 0) {
      this.#dropLeadingGap();
    }
  }

  clear(): void {
    this.#chunks.length = 0;
  }

  /** Lowest sequence >= `from` that lies in an existing chunk, Infinity when none does. */
  skipGap(from: number): number {
    let at = Math.max(0, Math.floor(from / chunkSequences) - this.#base);
    while (at < this.#chunks.length && this.#chunks[at] === undefined) {
      at += 1;
    }
    return at >= this.#chunks.length ? Number.POSITIVE_INFINITY : Math.max(from, (at + this.#base) * chunkSequences);
  }

  /** Highest sequence <= `from` that lies in an existing chunk, -1 when none does. */
  skipGapBackward(from: number): number {
    let at = Math.min(this.#chunks.length - 1, Math.floor(from / chunkSequences) - this.#base);
    while (at >= 0 && this.#chunks[at] === undefined) {
      at -= 1;
    }
    return at < 0 ? -1 : Math.min(from, (at + this.#base + 1) * chunkSequences - 1);
  }

  #dropLeadingGap(): void {
    let gap = 0;
    while (gap < this.#chunks.length - 1 && this.#chunks[gap] === undefined) {
      gap += 1;
    }
    this.#chunks.splice(0, gap);
    this.#base += gap;
  }
}

export function slotOf(sequence: number): number {
  return sequence - Math.floor(sequence / chunkSequences) * chunkSequences;
}
