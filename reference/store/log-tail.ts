/**
 * The end of the commit log as it is being written, in memory: the open segment takes records, and gives way to the next when it is full.
 * Nothing here touches the disk.
 */
import type { Disk } from "../ports.ts";
import type { SequencedStream } from "./last-sequences.ts";
import { frameRecord, type MovedMessage, moveRecords, writeFrame } from "./log-frame-records.ts";
import type { LogFrames } from "./log-frames.ts";
import type { LogReserve } from "./log-reserve.ts";
import { inputLength, type RecordInput, recordKind, writeRecord } from "./record.ts";
import { type LogPosition, Segment } from "./segment.ts";
import { StoreError } from "./store-error.ts";
import { storeFormat } from "./store-format.ts";

const largestSegment = 0xffff_0000;

export interface CommitLogOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly frames: LogFrames;
  /** A message's record moved before it was durable. */
  readonly moved: (move: MovedMessage) => void;
  readonly createdNs: () => bigint;
  /** Where the log goes on when the disk is full. */
  readonly reserve?: LogReserve | undefined;
}

export abstract class LogTail {
  readonly segments = new Map<number, Segment>();
  /** Where the last record went. */
  lastSegment: Segment | undefined;
  lastOffset = 0;
  /** The stream that batch headers speak of: one that took a sequence in the newest batch with any. */
  newest: SequencedStream | undefined;
  failure: StoreError | undefined;
  /** Segments filled since a checkpoint last covered them. */
  sealed = 0;
  protected readonly options: CommitLogOptions;
  protected open: Segment | undefined;
  /** Full, but not yet synced. */
  protected closing: Segment | undefined;
  protected previous: LogPosition = { segment: 0, offset: 0 };
  protected nextSegment = 1;
  /** Number of the next batch. */
  protected batch = 1;
  /** Where the batch that is being collected begins; negative when there is none. */
  protected batchStart = -1;
  /** End of the last batch that held something, and the mark in the last batch header. */
  protected dataEnd = 0;
  protected marked = 0;

  constructor(options: CommitLogOptions) {
    this.options = options;
  }

  abstract get hasPending(): boolean;

  get isSynced(): boolean {
    return this.closing === undefined && (this.open === undefined || this.open.synced === this.open.tail);
  }

  /** Everything before this is in the log. */
  get end(): LogPosition {
    return this.open === undefined ? this.previous : { segment: this.open.id, offset: this.open.tail };
  }

  get nextBatch(): number {
    return this.batch;
  }

  /** Id of the segment that takes the next record, 0 before the first. */
  get openId(): number {
    return this.open?.id ?? 0;
  }

  append(input: RecordInput): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const length = inputLength(input);
    let segment = this.open;
    const start = this.batchStart < 0 ? frameRecord : 0;
    // One frame record of room is always left for the marker.
    if (segment?.memory === undefined || segment.tail + start + length + frameRecord > segment.capacity) {
      segment = this.#roll(length);
    }
    if (this.batchStart < 0) {
      this.batchStart = segment.tail;
      segment.tail += frameRecord;
    }
    const memory = segment.memory;
    if (memory === undefined) {
      throw new Error("the open segment has no memory");
    }
    writeRecord(memory, segment.base, segment.id, segment.tail, input);
    this.lastSegment = segment;
    this.lastOffset = segment.tail;
    segment.tail += length;
  }

  /** Does a record with that many bytes of body fit the open segment? Then appending it reuses no memory. */
  hasRoomFor(body: number): boolean {
    const segment = this.open;
    return segment?.memory !== undefined && segment.tail + body + 4 * frameRecord <= segment.capacity;
  }

  /** Is this a view of memory that an append may reuse? */
  mayReuse(view: Uint8Array): boolean {
    return this.options.frames.owns(view);
  }

  /** No more is written to the open segment; the next record opens another. */
  retireOpen(): void {
    const segment = this.open;
    if (segment !== undefined && !this.hasPending && this.isSynced) {
      this.previous = { segment: segment.id, offset: segment.tail };
      this.open = undefined;
      this.sealed += 1;
    }
  }

  dropSegment(segment: Segment): void {
    this.options.frames.takeBack(segment);
    this.segments.delete(segment.id);
  }

  protected openSegment(capacity: number): Segment {
    const segment = new Segment({ id: this.nextSegment, directory: this.options.directory, capacity, previous: this.previous });
    this.nextSegment += 1;
    this.options.frames.give(segment);
    this.segments.set(segment.id, segment);
    this.open = segment;
    this.dataEnd = 0;
    this.marked = 0;
    this.frame(segment, 0, recordKind.segment, [storeFormat, segment.previous.segment, segment.previous.offset, 0], this.batch);
    segment.tail = frameRecord;
    return segment;
  }

  protected startBatch(segment: Segment): void {
    this.batchStart = segment.tail;
    segment.tail += frameRecord;
  }

  protected frame(segment: Segment, offset: number, kind: number, words: readonly number[], sequence: number, stream = 0): void {
    writeFrame(segment, { offset, kind, words, sequence, stream, timeNs: this.options.createdNs() });
  }

  #roll(length: number): Segment {
    const old = this.open;
    const batch = old === undefined || this.batchStart < 0 ? 0 : old.tail - this.batchStart;
    const needed = 3 * frameRecord + batch + length;
    // A batch that outgrows a segment gets one twice its size, so that moving it costs little on the whole.
    const capacity = Math.max(this.options.segmentBytes, needed + batch);
    if (capacity > largestSegment) {
      throw new StoreError("too-large", `a batch of ${needed} bytes does not fit a segment`);
    }
    if (old !== undefined && old.written === 0) {
      return this.#enlarge(old, capacity);
    }
    const batchStart = this.batchStart;
    if (old !== undefined) {
      this.previous = { segment: old.id, offset: batch > 0 ? batchStart : old.tail };
    }
    const segment = this.openSegment(capacity);
    if (old !== undefined) {
      if (batch > 0) {
        this.startBatch(segment);
        moveRecords({ from: old, start: batchStart, to: segment }, this.options.moved);
        old.tail = batchStart;
      }
      if (this.closing !== undefined) {
        throw new Error("only one segment is full and not synced");
      }
      this.closing = old.synced < old.tail ? old : undefined;
      this.sealed += 1;
    }
    return segment;
  }

  /** Nothing of the segment was written yet: same id, same offsets, more room. */
  #enlarge(old: Segment, capacity: number): Segment {
    const segment = new Segment({ id: old.id, directory: this.options.directory, capacity, previous: old.previous });
    this.options.frames.give(segment);
    segment.memory?.bytes.set(old.memory?.bytes.subarray(old.base, old.base + old.tail) ?? [], segment.base);
    segment.tail = old.tail;
    segment.live = old.live;
    segment.liveBytes = old.liveBytes;
    segment.appended = old.appended;
    for (const [stream, timeNs] of old.newestIdNs) {
      segment.noteId(stream, timeNs);
    }
    this.options.frames.takeBack(old);
    this.segments.set(segment.id, segment);
    this.open = segment;
    return segment;
  }
}
