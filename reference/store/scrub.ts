/**
 * Reads the log's full segments again in the background, every record against its checksums, so that damage is found before somebody needs
 * what it took, and while there may be a backup. A pass spreads over its interval; what it finds bad it reads once more, because the record
 * may have been overwritten under it.
 */
import type { Clock, Disk, DiskFile, Timer } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import { frameRecord } from "./log-frame-records.ts";
import { RecordReader, recordHeader, recordTrailer } from "./record.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";

const pieceBytes = 256 * 1024;
/** A small store is not read more slowly than this, so that its pass ends soon and the disk can rest. */
const slowestBytesPerMs = 1024;
/** The first pass begins this long after the start. */
const firstMs = 10_000;

export interface ScrubStore {
  readonly log: { readonly segments: ReadonlyMap<number, Segment>; readonly openId: number };
  /** What stands there can't be read from the disk any more. */
  foundDamage(segment: Segment, damage: Damage): void;
}

export interface ScrubOptions {
  readonly store: ScrubStore;
  readonly disk: Disk;
  readonly clock: Clock;
  /** From the beginning of one pass to that of the next. */
  readonly intervalMs: number;
}

export interface ScrubProgress {
  readonly intervalMs: number;
  /** Passes that reached the end. */
  readonly passes: number;
  /** Of the pass that is under way: bytes read, and bytes in all. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** When the last whole pass ended, 0n before. */
  readonly lastEndNs: bigint;
  /** Places found damaged since the start. */
  readonly damagedPlaces: number;
  /** Segments that could not be read at all, in this or the last pass. */
  readonly unreadable: number;
}

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #known = new Set<string>();
  #timer: Timer | undefined;
  /** Given up between passes. */
  #memory: LogMemory | undefined;
  #queue: Segment[] = [];
  #file: DiskFile | undefined;
  #begunMs = 0;
  #offset = 0;
  #passes = 0;
  #bytesRead = 0;
  #bytesTotal = 0;
  #lastEndNs = 0n;
  #unreadable = 0;
  /** The place that was bad when it was read for the first time, negative when there is none. */
  #doubtful = -1;
  #stopped = false;

  constructor(options: ScrubOptions) {
    this.#options = options;
    this.#wait(Math.min(firstMs, options.intervalMs), () => this.#begin());
  }

  get progress(): ScrubProgress {
    return {
      intervalMs: this.#options.intervalMs,
      passes: this.#passes,
      bytesRead: this.#bytesRead,
      bytesTotal: this.#bytesTotal,
      lastEndNs: this.#lastEndNs,
      damagedPlaces: this.#known.size,
      unreadable: this.#unreadable,
    };
  }

  /** A read that is under way ends without consequences. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #begin(): void {
    const { clock, store } = this.#options;
    this.#begunMs = clock.nowMs();
    this.#queue = [...store.log.segments.values()].filter(({ id, synced, written }) => id !== store.log.openId && written <= synced);
    this.#bytesRead = 0;
    this.#bytesTotal = this.#queue.reduce((sum, { tail }) => sum + tail, 0);
    this.#unreadable = 0;
    this.#next();
  }

  #next(): void {
    const { clock, disk, intervalMs } = this.#options;
    const [segment] = this.#queue;
    if (segment === undefined) {
      this.#passes += 1;
      this.#lastEndNs = clock.nowNs();
      this.#memory = undefined;
      this.#wait(Math.max(0, this.#begunMs + intervalMs - clock.nowMs()), () => this.#begin());
      return;
    }
    if (!this.#isThere(segment)) {
      this.#leave();
      return;
    }
    try {
      // A file of its own, so that nobody closes it under the read.
      this.#file ??= disk.open(segment.path, "read");
    } catch {
      this.#skip();
      return;
    }
    this.#read(segment, this.#file);
  }

  #read(segment: Segment, file: DiskFile): void {
    this.#memory ??= new LogMemory(pieceBytes);
    const memory = this.#memory;
    const length = Math.min(memory.bytes.length, segment.tail - this.#offset);
    file.readLater(memory.bytes.subarray(0, length), this.#offset, (error, filled) => {
      if (this.#stopped) {
        file.close();
      } else if (error !== undefined) {
        this.#skip();
      } else if (!this.#isThere(segment)) {
        this.#leave();
      } else {
        // What is not in the file any more is no record, either.
        memory.bytes.fill(0, filled, length);
        this.#check(new RecordReader(memory), segment, length);
      }
    });
  }

  /** Walks over the records in the piece and decides where the next one begins. */
  #check(reader: RecordReader, segment: Segment, filled: number): void {
    const start = this.#offset;
    const isLast = start + filled >= segment.tail;
    let at = 0;
    let isSure = true;
    while (at < filled && isSure) {
      const length = this.#soundHeader(reader, segment, at, filled);
      if (length > 0 && at + length <= filled) {
        if (!reader.memory.isSound(at, length, segment.id, start + at)) {
          const { kind, stream, sequence } = reader.at(at);
          isSure = this.#tell(segment, { segment: segment.id, offset: start + at, bytes: length, kind, stream, sequence });
        }
        at += isSure ? length : 0;
      } else if (!isLast && (length > 0 || filled - at < recordHeader)) {
        // It ends in a later piece, which has to hold all of it.
        this.#enlarge(length);
        break;
      } else {
        const end = this.#nextHeader(reader, segment, at + 8, filled);
        isSure = this.#tell(segment, { segment: segment.id, offset: start + at, bytes: end - at });
        at = isSure ? end : at;
      }
    }
    this.#advance(segment, at);
  }

  #advance(segment: Segment, checked: number): void {
    this.#offset += checked;
    this.#bytesRead += checked;
    if (this.#offset >= segment.tail) {
      this.#leave();
      return;
    }
    const bytesPerMs = Math.max(slowestBytesPerMs, this.#bytesTotal / this.#options.intervalMs);
    this.#wait(checked / bytesPerMs, () => this.#next());
  }

  /** True when it was bad for the second time; then it is known. False: it has to be read again first. */
  #tell(segment: Segment, damage: Damage): boolean {
    if (this.#doubtful !== damage.offset) {
      this.#doubtful = damage.offset;
      return false;
    }
    this.#doubtful = -1;
    const key = `${segment.id} ${damage.offset}`;
    if (!this.#known.has(key)) {
      this.#known.add(key);
      this.#options.store.foundDamage(segment, damage);
    }
    return true;
  }

  /** Length of the record at that place of the piece when its header can be trusted, else 0. */
  #soundHeader(reader: RecordReader, segment: Segment, at: number, filled: number): number {
    if (at + recordHeader > filled || !reader.at(at).hasMagic) {
      return 0;
    }
    const { length } = reader;
    const plausible = length >= recordHeader + recordTrailer && length % 8 === 0 && this.#offset + at + length <= segment.tail;
    return plausible && reader.memory.headerIsSound(at, segment.id, this.#offset + at) ? length : 0;
  }

  #nextHeader(reader: RecordReader, segment: Segment, from: number, filled: number): number {
    let at = from;
    while (at < filled && this.#soundHeader(reader, segment, at, filled) === 0) {
      at += 8;
    }
    return Math.min(at, filled);
  }

  #enlarge(bytes: number): void {
    if (bytes > pieceBytes) {
      this.#memory = new LogMemory(bytes + frameRecord);
    }
  }

  #isThere(segment: Segment): boolean {
    return this.#options.store.log.segments.get(segment.id) === segment;
  }

  #skip(): void {
    this.#unreadable += 1;
    this.#leave();
  }

  #leave(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#queue.shift();
    this.#offset = 0;
    this.#doubtful = -1;
    this.#memory = this.#memory !== undefined && this.#memory.bytes.length > pieceBytes ? undefined : this.#memory;
    this.#wait(1, () => this.#next());
  }

  #wait(delayMs: number, then: () => void): void {
    if (!this.#stopped) {
      this.#timer = this.#options.clock.setTimer(delayMs, then);
    }
  }
}
