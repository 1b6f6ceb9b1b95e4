/**
 * Distinct byte strings, numbered from 1, found by their bytes: an open hash table over columns, and one arena for the bytes, so that a
 * million of them are no objects at all.
 *
 *    slots   u32: number of the string, 0 free, `removed` where one was       at most half of them in use
 *    hash u32 | start u32 | length u32 | used u8, by number                    bytes: in the arena, from start
 *
 * Numbers of removed strings are used again. The arena is made anew when half of it is dead.
 */
const removed = 0xffff_ffff;
const nothing = new Uint8Array(0);

export class ByteStrings {
  #slots = new Uint32Array(16);
  /** Slots that are not free. */
  #used = 0;
  #hash = new Uint32Array(8);
  #start = new Uint32Array(8);
  #length = new Uint32Array(8);
  #isUsed = new Uint8Array(8);
  #arena = nothing;
  #arenaEnd = 0;
  #dead = 0;
  readonly #free: number[] = [];
  #limit = 1;
  size = 0;
  /** Did the last `claim` add one? */
  isNew = false;

  /** Numbers in use are below this. */
  get limit(): number {
    return this.#limit;
  }

  get arenaBytes(): number {
    return this.#arena.length;
  }

  has(number: number): boolean {
    return this.#isUsed[number] === 1;
  }

  /** 0 when it is not there. */
  find(bytes: Uint8Array, start = 0, end = bytes.length): number {
    return this.#find(bytes, start, end, hashOf(bytes, start, end));
  }

  /** Its number; it is added when it is not there yet. `isNew` tells. */
  claim(bytes: Uint8Array, start = 0, end = bytes.length): number {
    const hash = hashOf(bytes, start, end);
    const known = this.#find(bytes, start, end, hash);
    this.isNew = known === 0;
    if (known !== 0) {
      return known;
    }
    if ((this.#used + 1) * 2 > this.#slots.length) {
      this.#rehash();
    }
    const number = this.#free.pop() ?? this.#limit;
    if (number === this.#limit) {
      this.#limit += 1;
      this.#growColumns();
    }
    this.#hash[number] = hash;
    this.#start[number] = this.#store(bytes, start, end);
    this.#length[number] = end - start;
    this.#isUsed[number] = 1;
    this.#slots[this.#vacant(hash)] = number;
    this.#used += 1;
    this.size += 1;
    return number;
  }

  remove(number: number): void {
    const mask = this.#slots.length - 1;
    let at = (this.#hash[number] ?? 0) & mask;
    while (this.#slots[at] !== number) {
      at = (at + 1) & mask;
    }
    this.#slots[at] = removed;
    this.#dead += this.#length[number] ?? 0;
    this.#length[number] = 0;
    this.#isUsed[number] = 0;
    this.#free.push(number);
    this.size -= 1;
  }

  /** A view, valid until the next string is added. */
  at(number: number): Uint8Array {
    const start = this.#start[number] ?? 0;
    return this.#arena.subarray(start, start + (this.#length[number] ?? 0));
  }

  /** Ascending. */
  *numbers(): Iterable<number> {
    for (let number = 1; number < this.#limit; number += 1) {
      if (this.#isUsed[number] === 1) {
        yield number;
      }
    }
  }

  #find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const number = this.#slots[at] ?? 0;
      if (number === 0) {
        return 0;
      }
      if (number !== removed && this.#hash[number] === hash && this.#isSame(number, bytes, start, end)) {
        return number;
      }
    }
  }

  #isSame(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#length[number] !== end - start) {
      return false;
    }
    const ours = (this.#start[number] ?? 0) - start;
    for (let at = start; at < end; at += 1) {
      if (this.#arena[ours + at] !== bytes[at]) {
        return false;
      }
    }
    return true;
  }

  #vacant(hash: number): number {
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    while (this.#slots[at] !== 0) {
      at = (at + 1) & mask;
    }
    return at;
  }

  #store(bytes: Uint8Array, start: number, end: number): number {
    if (this.#arenaEnd + end - start > this.#arena.length) {
      this.#remakeArena(end - start);
    }
    const arena = this.#arena;
    let at = this.#arenaEnd;
    for (let from = start; from < end; from += 1) {
      arena[at] = bytes[from] ?? 0;
      at += 1;
    }
    this.#arenaEnd = at;
    return at - (end - start);
  }

  #remakeArena(needed: number): void {
    const old = this.#arena;
    const isSparse = this.#dead * 2 > this.#arenaEnd;
    const live = this.#arenaEnd - (isSparse ? this.#dead : 0);
    const length = Math.max(256, live + needed, isSparse ? live * 1.5 : old.length * 2);
    this.#arena = new Uint8Array(Math.ceil(length));
    if (!isSparse) {
      this.#arena.set(old);
      return;
    }
    let end = 0;
    for (let number = 1; number < this.#limit; number += 1) {
      const start = this.#start[number] ?? 0;
      const count = this.#length[number] ?? 0;
      this.#arena.set(old.subarray(start, start + count), end);
      this.#start[number] = end;
      end += count;
    }
    this.#arenaEnd = end;
    this.#dead = 0;
  }

  #rehash(): void {
    const { length } = this.#slots;
    // Mostly removed ones: the same size is enough.
    this.#slots = new Uint32Array(this.size * 4 > length ? length * 2 : length);
    for (let number = 1; number < this.#limit; number += 1) {
      if (this.#isUsed[number] === 1) {
        this.#slots[this.#vacant(this.#hash[number] ?? 0)] = number;
      }
    }
    this.#used = this.size;
  }

  #growColumns(): void {
    if (this.#limit <= this.#hash.length) {
      return;
    }
    const { length } = this.#hash;
    const [hash, start, lengths, isUsed] = [this.#hash, this.#start, this.#length, this.#isUsed];
    this.#hash = new Uint32Array(length * 2);
    this.#start = new Uint32Array(length * 2);
    this.#length = new Uint32Array(length * 2);
    this.#isUsed = new Uint8Array(length * 2);
    this.#hash.set(hash);
    this.#start.set(start);
    this.#length.set(lengths);
    this.#isUsed.set(isUsed);
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let at = start; at < end; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x0100_0193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
