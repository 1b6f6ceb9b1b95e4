/**
 * The bytes of one file, twice: as written, and as the disk would have them. Chunks of 16 KiB; a missing one is a hole. A chunk that is the
 * same in both stands there once and is copied at the next write, so an ordinary store is held about once.
 *
 * Invariant: outside the dirty ranges both sides hold the same bytes. A dirty range may be wider than what differs, so who counts compares.
 */
export const chunkBytes = 16 * 1024;
export const sectorBytes = 512;

const writesMax = 65_536;

/** One write that no sync covered yet. */
export interface PendingWrite {
  readonly offset: number;
  readonly length: number;
}

interface DirtyRange {
  from: number;
  to: number;
}

export class Content {
  size = 0;
  durableSize = 0;
  readonly #now: Map<number, Buffer>;
  readonly #durable: Map<number, Buffer>;
  readonly #dirty = new Map<number, DirtyRange>();
  #writes: PendingWrite[] = [];

  constructor(chunks: ReadonlyMap<number, Buffer> = new Map(), size = 0) {
    this.#now = new Map(chunks);
    this.#durable = new Map(chunks);
    this.size = size;
    this.durableSize = size;
  }

  /** Bytes of storage that the written side takes. */
  get allocatedBytes(): number {
    return this.#now.size * chunkBytes;
  }

  /** What a write there would take besides. */
  missingBytes(offset: number, length: number): number {
    let missing = 0;
    for (let index = Math.floor(offset / chunkBytes); index * chunkBytes < offset + length; index++) {
      missing += this.#now.has(index) ? 0 : chunkBytes;
    }
    return missing;
  }

  /** In the order they came. Of very many the oldest are forgotten; their bytes stay unsynced. */
  get pendingWrites(): readonly PendingWrite[] {
    return this.#writes;
  }

  get isSynced(): boolean {
    return this.#dirty.size === 0 && this.size === this.durableSize;
  }

  read(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.size);
    return end <= offset ? Buffer.alloc(0) : assemble(this.#now, offset, end);
  }

  /** What would be read there if only what is durable were there. */
  readDurable(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.durableSize);
    return end <= offset ? Buffer.alloc(0) : assemble(this.#durable, offset, end);
  }

  write(offset: number, bytes: Uint8Array): void {
    let at = offset;
    const end = offset + bytes.length;
    while (at < end) {
      const index = Math.floor(at / chunkBytes);
      const from = at - index * chunkBytes;
      const to = Math.min(chunkBytes, end - index * chunkBytes);
      this.#own(index).set(bytes.subarray(at - offset, at - offset + to - from), from);
      this.#mark(index, from, to);
      at = index * chunkBytes + to;
    }
    this.size = Math.max(this.size, end);
    if (this.#writes.length === writesMax) {
      this.#writes = this.#writes.slice(writesMax / 2);
    }
    this.#writes.push({ offset, length: bytes.length });
  }

  /** Storage without bytes written: zeros that take room. */
  reserve(offset: number, length: number): void {
    for (let index = Math.floor(offset / chunkBytes); index * chunkBytes < offset + length; index++) {
      if (!this.#now.has(index)) {
        this.#own(index);
        this.#mark(index, 0, chunkBytes);
      }
    }
  }

  zero(offset: number, length: number): void {
    const end = Math.min(offset + length, this.size);
    for (let index = Math.floor(offset / chunkBytes); index * chunkBytes < end; index++) {
      const from = Math.max(offset - index * chunkBytes, 0);
      const to = Math.min(chunkBytes, end - index * chunkBytes);
      if (this.#now.has(index)) {
        this.#own(index).fill(0, from, to);
        this.#mark(index, from, to);
      }
    }
  }

  truncate(size: number): void {
    if (size < this.size) {
      const last = Math.floor(size / chunkBytes);
      for (const index of [...this.#now.keys()].filter((each) => each * chunkBytes >= size)) {
        this.#now.delete(index);
        this.#mark(index, 0, chunkBytes);
      }
      if (this.#now.has(last)) {
        this.#own(last).fill(0, size - last * chunkBytes);
        this.#mark(last, size - last * chunkBytes, chunkBytes);
      }
      this.#writes = this.#writes
        .filter((write) => write.offset < size)
        .map((write) => ({ offset: write.offset, length: Math.min(write.length, size - write.offset) }));
    }
    this.size = size;
  }

  /** fsync, or what a write to a file opened with O_SYNC brings with it when a range is given. */
  sync(offset = 0, length = Number.POSITIVE_INFINITY): void {
    if (length === Number.POSITIVE_INFINITY) {
      for (const [index, range] of this.#dirty) {
        this.#settle(index, range);
      }
      this.#dirty.clear();
      this.#writes = [];
      this.durableSize = this.size;
      return;
    }
    const end = offset + length;
    for (let index = Math.floor(offset / chunkBytes); index * chunkBytes < end; index++) {
      const range = this.#dirty.get(index);
      const from = Math.max(offset - index * chunkBytes, 0);
      const to = Math.min(chunkBytes, end - index * chunkBytes);
      if (range === undefined) {
        continue;
      }
      if (from <= range.from && range.to <= to) {
        this.#settle(index, range);
        this.#dirty.delete(index);
      } else {
        this.#copyToDurable(index, { from, to });
      }
    }
    this.#writes = this.#writes.filter((write) => write.offset < offset || write.offset + write.length > end);
    this.durableSize = Math.max(this.durableSize, Math.min(end, this.size));
  }

  /** The sectors (numbers, ascending) in which what was written differs from what is durable, beyond the end counting as zeros. */
  unsyncedSectors(): number[] {
    const sectors: number[] = [];
    for (const [index, range] of [...this.#dirty].sort(([left], [right]) => left - right)) {
      const now = this.#now.get(index) ?? zeros;
      const durable = this.#durable.get(index) ?? zeros;
      for (let start = Math.floor(range.from / sectorBytes) * sectorBytes; start < range.to; start += sectorBytes) {
        if (now.compare(durable, start, start + sectorBytes, start, start + sectorBytes) !== 0) {
          sectors.push((index * chunkBytes + start) / sectorBytes);
        }
      }
    }
    return sectors;
  }

  /**
   * A content that begins, written and durable, as one of the two sides is now. It shares chunks with this one: don't sync it while this one is
   * still used.
   */
  copy(side: "written" | "durable"): Content {
    return side === "written" ? new Content(this.#now, this.size) : new Content(this.#durable, this.durableSize);
  }

  #own(index: number): Buffer {
    const now = this.#now.get(index);
    if (now !== undefined && now !== this.#durable.get(index)) {
      return now;
    }
    const own = now === undefined ? Buffer.alloc(chunkBytes) : Buffer.from(now);
    this.#now.set(index, own);
    return own;
  }

  #mark(index: number, from: number, to: number): void {
    const range = this.#dirty.get(index);
    if (range === undefined) {
      this.#dirty.set(index, { from, to });
      return;
    }
    range.from = Math.min(range.from, from);
    range.to = Math.max(range.to, to);
  }

  /** A chunk that is written to again and again keeps two copies; one that is filled, or mostly new, is shared. */
  #settle(index: number, range: DirtyRange): void {
    const now = this.#now.get(index);
    const durable = this.#durable.get(index);
    if (now === undefined) {
      this.#durable.delete(index);
    } else if (durable === undefined || range.to === chunkBytes || range.to - range.from > chunkBytes / 2) {
      this.#durable.set(index, now);
    } else {
      this.#copyToDurable(index, range);
    }
  }

  #copyToDurable(index: number, { from, to }: DirtyRange): void {
    const now = this.#now.get(index) ?? zeros;
    let durable = this.#durable.get(index);
    if (durable === now) {
      return;
    }
    if (durable === undefined) {
      durable = Buffer.alloc(chunkBytes);
      this.#durable.set(index, durable);
    }
    now.copy(durable, from, from, to);
  }
}

const zeros = Buffer.alloc(chunkBytes);

function assemble(chunks: ReadonlyMap<number, Buffer>, start: number, end: number): Buffer {
  const result = Buffer.alloc(end - start);
  let at = start;
  while (at < end) {
    const index = Math.floor(at / chunkBytes);
    const from = at - index * chunkBytes;
    const to = Math.min(chunkBytes, end - index * chunkBytes);
    chunks.get(index)?.copy(result, at - start, from, to);
    at = index * chunkBytes + to;
  }
  return result;
}
