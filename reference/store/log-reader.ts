/**
 * Reads records: from the segment's memory while it has one, else from the file through a bounded cache of blocks. What comes from the
 * file is checked against its checksums on every read, in place, so that a wrong byte is never served.
 */
import type { Disk, DiskFile } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import { ReadAhead } from "./read-ahead.ts";
import { RecordReader, recordHeader, recordTrailer } from "./record.ts";
import type { Segment } from "./segment.ts";

const blockBytes = 128 * 1024;
/** What is fetched at once, 1 MiB. */
const stretchBlocks = 8;
const openFilesMax = 16;
/** Of no block of any segment. */
const noKey = -1;

interface Block {
  readonly base: number;
  /** Bytes of the file that are in the block. */
  length: number;
}

export class LogReader {
  readonly #disk: Disk;
  readonly #blockCount: number;
  /** Least recently used first. */
  readonly #blocks = new Map<number, Block>();
  #newestKey = noKey;
  #newest: Block = { base: 0, length: 0 };
  readonly #openFiles = new Map<Segment, DiskFile>();
  #cache: RecordReader | undefined;
  /** For records that cross a block; replaced by a larger one when needed. */
  #scratch: RecordReader | undefined;
  readonly #ahead: ReadAhead;
  readonly #hot = new WeakMap<LogMemory, RecordReader>();
  #lastHot: RecordReader | undefined;

  constructor(disk: Disk, cacheBytes: number) {
    this.#disk = disk;
    this.#blockCount = Math.max(2, Math.floor(cacheBytes / blockBytes));
    this.#ahead = new ReadAhead({
      disk,
      blockBytes,
      stretch: Math.min(stretchBlocks, this.#blockCount >> 1),
      isCached: (segment, block) => this.#blocks.has(blockKey(segment, block)),
      install: (segment, block, bytes) => this.#install(segment, block, bytes),
    });
  }

  /**
   * Can the record be read without waiting for the disk? If not it is being fetched; `arrived`, one and the same function for one reader, is
   * called when it has come, and asks again.
   */
  isAtHand(segment: Segment, offset: number, arrived: () => void): boolean {
    return segment.memory !== undefined || this.#ahead.isAtHand(segment, offset, arrived);
  }

  /** The record at `offset`; undefined when it can't be read or is not what was written. Valid until the next read or append. */
  read(segment: Segment, offset: number): RecordReader | undefined {
    if (segment.memory !== undefined) {
      return this.#hotReader(segment.memory).at(segment.base + offset);
    }
    return this.#cold(segment, offset) ?? this.#recover(segment, offset);
  }

  /** The content of the segment is going to change in the file, or the segment goes away. */
  forget(segment: Segment): void {
    this.#ahead.forget(segment);
    for (let block = 0; block * blockBytes < segment.capacity; block += 1) {
      this.#drop(blockKey(segment, block));
    }
    if (this.#openFiles.has(segment)) {
      this.#openFiles.delete(segment);
      segment.file?.close();
      segment.file = undefined;
    }
  }

  #hotReader(memory: LogMemory): RecordReader {
    if (this.#lastHot?.memory === memory) {
      return this.#lastHot;
    }
    let reader = this.#hot.get(memory);
    if (reader === undefined) {
      reader = new RecordReader(memory);
      this.#hot.set(memory, reader);
    }
    this.#lastHot = reader;
    return reader;
  }

  #cold(segment: Segment, offset: number): RecordReader | undefined {
    try {
      const number = Math.floor(offset / blockBytes);
      const within = offset - number * blockBytes;
      const block = this.#block(segment, number);
      const cache = this.#cache;
      if (cache !== undefined && within + recordHeader <= block.length) {
        const record = cache.at(block.base + within);
        if (!record.hasMagic || !cache.memory.headerIsSound(record.pointer, segment.id, offset)) {
          return undefined;
        }
        if (within + record.length <= block.length) {
          return cache.memory.isSound(record.pointer, record.length, segment.id, offset) ? record : undefined;
        }
      }
      return this.#crossing(segment, offset);
    } catch {
      return undefined;
    }
  }

  /** A second look past the cache: the block in memory may be what is wrong. */
  #recover(segment: Segment, offset: number): RecordReader | undefined {
    this.#drop(blockKey(segment, Math.floor(offset / blockBytes)));
    try {
      return this.#crossing(segment, offset);
    } catch {
      return undefined;
    }
  }

  #crossing(segment: Segment, offset: number): RecordReader | undefined {
    const file = this.fileOf(segment);
    let record = this.#scratchOf(recordHeader);
    if (file.read(record.memory.bytes.subarray(0, recordHeader), offset) < recordHeader) {
      return undefined;
    }
    const { length } = record;
    const plausible = record.hasMagic && length >= recordHeader + recordTrailer && offset + length <= segment.tail;
    if (!plausible || !record.memory.headerIsSound(0, segment.id, offset)) {
      return undefined;
    }
    record = this.#scratchOf(length);
    const read = file.read(record.memory.bytes.subarray(0, length), offset);
    return read === length && record.memory.isSound(0, length, segment.id, offset) ? record : undefined;
  }

  #scratchOf(length: number): RecordReader {
    if (this.#scratch === undefined || this.#scratch.memory.bytes.length < length) {
      this.#scratch = new RecordReader(new LogMemory(length));
    }
    return this.#scratch.at(0);
  }

  #block(segment: Segment, number: number): Block {
    const key = blockKey(segment, number);
    // One message after the other lies in the same block; the newest needs no moving.
    if (key === this.#newestKey) {
      return this.#newest;
    }
    this.#newestKey = noKey;
    const block = this.#blockAt(segment, number, key);
    this.#newestKey = key;
    this.#newest = block;
    return block;
  }

  #blockAt(segment: Segment, number: number, key: number): Block {
    const block = this.#blocks.get(key);
    if (block !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, block);
      return block;
    }
    const { memory, block: claimed } = this.#claim(key);
    const { base } = claimed;
    const length = Math.min(blockBytes, segment.tail - number * blockBytes);
    claimed.length = this.fileOf(segment).read(memory.bytes.subarray(base, base + length), number * blockBytes);
    return claimed;
  }

  /** What was fetched in the background. */
  #install(segment: Segment, number: number, bytes: Uint8Array): void {
    this.#newestKey = noKey;
    const { memory, block } = this.#claim(blockKey(segment, number));
    memory.bytes.set(bytes, block.base);
    block.length = bytes.length;
  }

  /** An empty block for that key, in the place of the one that was used longest ago. */
  #claim(key: number): { readonly memory: LogMemory; readonly block: Block } {
    this.#cache ??= new RecordReader(new LogMemory(this.#blockCount * blockBytes));
    const base = this.#blocks.size < this.#blockCount ? this.#blocks.size * blockBytes : this.#evict();
    const block = { base, length: 0 };
    this.#blocks.set(key, block);
    return { memory: this.#cache.memory, block };
  }

  #evict(): number {
    const [oldest] = this.#blocks;
    if (oldest === undefined) {
      throw new Error("the block cache is empty");
    }
    this.#blocks.delete(oldest[0]);
    this.#ahead.forgetLast();
    return oldest[1].base;
  }

  /** Dropped blocks keep their memory: an emptied one is simply never hit until it is the oldest. */
  #drop(key: number): void {
    const block = this.#blocks.get(key);
    this.#newestKey = noKey;
    this.#ahead.forgetLast();
    if (block !== undefined) {
      this.#blocks.delete(key);
      // A key that no segment has; negative, and distinct for each piece of memory.
      this.#blocks.set(-1 - block.base / blockBytes, { base: block.base, length: 0 });
    }
  }

  /** The segment's file, open; at most a few files of old segments are open at once. */
  fileOf(segment: Segment): DiskFile {
    if (segment.file !== undefined) {
      if (this.#openFiles.delete(segment)) {
        this.#openFiles.set(segment, segment.file);
      }
      return segment.file;
    }
    if (this.#openFiles.size >= openFilesMax) {
      const [oldest] = this.#openFiles.keys();
      if (oldest !== undefined) {
        this.#openFiles.delete(oldest);
        oldest.file?.close();
        oldest.file = undefined;
      }
    }
    segment.file = this.#disk.open(segment.path, "read-write");
    this.#openFiles.set(segment, segment.file);
    return segment.file;
  }
}

function blockKey(segment: Segment, block: number): number {
  return segment.id * 65_536 + block;
}
