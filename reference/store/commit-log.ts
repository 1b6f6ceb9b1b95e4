/**
 * The commit log: records go into the open segment's memory, `commit` writes them as one batch and syncs.
 *
 *    segment = segment header, batch, batch, …        batch = batch header, record, record, …
 *    segment header payload: u32 format, u32 previous segment, u32 where that one ends, u32 features
 *    batch header payload:   u32 offset in this segment up to which everything was synced when the batch was written (the mark),
 *                            u32 length of the batch with its header, u32 0, u32 0
 *
 * Invariants: a batch lies in one segment (one that no longer fits moves as a whole), so a commit is one write and one sync; a segment is
 * written to only when all earlier ones are synced; after a failed write or sync nothing more is written to that segment.
 */
import type { Disk } from "../ports.ts";
import type { LogFrames } from "./log-frames.ts";
import type { LogReserve } from "./log-reserve.ts";
import { inputLength, type RecordInput, RecordReader, recordHeader, recordKind, recordTrailer, writeRecord } from "./record.ts";
import { type LogPosition, Segment } from "./segment.ts";
import { SegmentSpare, spareName } from "./segment-spare.ts";
import { StoreError } from "./store-error.ts";
import { storeFormat } from "./store-format.ts";

/** Segment header and batch header alike: a record with a payload of 16 bytes. */
export const frameRecord = recordHeader + 16 + recordTrailer;

const largestSegment = 0xffff_0000;

export interface CommitLogOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly frames: LogFrames;
  /** A message's record moved before it was durable. */
  readonly moved: (move: { stream: number; sequence: number; from: Segment; to: Segment; offset: number }) => void;
  readonly createdNs: () => bigint;
  /** Where the log goes on when the disk is full. */
  readonly reserve?: LogReserve | undefined;
}

export class CommitLog {
  readonly segments = new Map<number, Segment>();
  /** Where the last record went. */
  lastSegment: Segment | undefined;
  lastOffset = 0;
  failure: StoreError | undefined;
  /** Segments filled since a checkpoint last covered them. */
  sealed = 0;
  readonly #options: CommitLogOptions;
  readonly #spare: SegmentSpare;
  #open: Segment | undefined;
  /** Full, but not yet synced (interval policy). */
  #closing: Segment | undefined;
  #previous: LogPosition = { segment: 0, offset: 0 };
  #nextSegment = 1;
  #nextBatch = 1;
  #batchStart = -1;
  #namesDirty = false;
  /** End of the last batch that held something, and the mark in the last batch header. */
  #dataEnd = 0;
  #marked = 0;

  constructor(options: CommitLogOptions) {
    this.#options = options;
    const { disk, directory, segmentBytes: bytes } = options;
    this.#spare = new SegmentSpare({ disk, directory, bytes, name: spareName });
  }

  /** There is room for deletes, not for more messages. */
  get isFull(): boolean {
    return this.#options.reserve?.isFull === true;
  }

  /** Goes on where recovery ended, in a new segment: what lies behind `end` in the old one is never touched. */
  resume(from: { end: LogPosition; nextSegment: number; nextBatch: number }): void {
    this.#previous = from.end;
    this.#nextSegment = from.nextSegment;
    this.#nextBatch = from.nextBatch;
    this.#options.reserve?.make();
  }

  get hasPending(): boolean {
    return this.#batchStart >= 0;
  }

  get isSynced(): boolean {
    return this.#closing === undefined && (this.#open === undefined || this.#open.synced === this.#open.tail);
  }

  /** Everything before this is in the log. */
  get end(): LogPosition {
    return this.#open === undefined ? this.#previous : { segment: this.#open.id, offset: this.#open.tail };
  }

  get nextBatch(): number {
    return this.#nextBatch;
  }

  /** Id of the segment that takes the next record, 0 before the first. */
  get openId(): number {
    return this.#open?.id ?? 0;
  }

  append(input: RecordInput): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const length = inputLength(input);
    let segment = this.#open;
    const start = this.#batchStart < 0 ? frameRecord : 0;
    // One frame record of room is always left for the marker.
    if (segment?.memory === undefined || segment.tail + start + length + frameRecord > segment.capacity) {
      segment = this.#roll(length);
    }
    if (this.#batchStart < 0) {
      this.#batchStart = segment.tail;
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

  /** Is this a view of memory that an append may reuse? */
  mayReuse(view: Uint8Array): boolean {
    return this.#options.frames.owns(view);
  }

  /** Ends the batch: one write, and one sync if asked. A failure is answered by one attempt in a fresh segment. */
  commit(sync: boolean): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    try {
      this.#write();
      if (sync) {
        this.#sync();
      }
    } catch (error) {
      this.#rescue(error);
    }
  }

  sync(): void {
    if (!this.isSynced) {
      this.commit(true);
    }
  }

  get needsMarker(): boolean {
    return this.failure === undefined && this.#open !== undefined && !this.hasPending && this.#marked < this.#dataEnd && this.isSynced;
  }

  /** An empty batch that carries the newest mark, so that damage before it is told from a torn tail. */
  writeMarker(): void {
    const segment = this.#open;
    if (segment === undefined || !this.needsMarker) {
      return;
    }
    const dataEnd = this.#dataEnd;
    this.#batchStart = segment.tail;
    segment.tail += frameRecord;
    this.commit(true);
    this.#dataEnd = segment === this.#open ? dataEnd : 0;
  }

  /** No more is written to the open segment; the next record opens another. */
  retireOpen(): void {
    const segment = this.#open;
    if (segment !== undefined && !this.hasPending && this.isSynced) {
      this.#previous = { segment: segment.id, offset: segment.tail };
      this.#open = undefined;
      this.sealed += 1;
    }
  }

  dropSegment(segment: Segment): void {
    this.#options.frames.takeBack(segment);
    this.segments.delete(segment.id);
  }

  /** Files of full segments end where the log goes on; the open one, made ready in full size, is cut when the log stops. */
  trim(): void {
    const segment = this.#open;
    if (segment?.file !== undefined && this.isSynced) {
      segment.file.truncate(segment.tail);
    }
  }

  /** No write of the log's own is on its way any more. */
  async settle(): Promise<void> {
    await this.#spare.stop();
    await this.#options.reserve?.stop();
  }

  closeFiles(): void {
    for (const segment of this.segments.values()) {
      segment.file?.close();
      segment.file = undefined;
    }
  }

  #roll(length: number): Segment {
    const old = this.#open;
    const batch = old === undefined || this.#batchStart < 0 ? 0 : old.tail - this.#batchStart;
    const needed = 3 * frameRecord + batch + length;
    // A batch that outgrows a segment gets one twice its size, so that moving it costs little on the whole.
    const capacity = Math.max(this.#options.segmentBytes, needed + batch);
    if (capacity > largestSegment) {
      throw new StoreError("too-large", `a batch of ${needed} bytes does not fit a segment`);
    }
    if (old !== undefined && old.written === 0) {
      return this.#enlarge(old, capacity);
    }
    const batchStart = this.#batchStart;
    if (old !== undefined) {
      this.#previous = { segment: old.id, offset: batch > 0 ? batchStart : old.tail };
    }
    const segment = this.#openSegment(capacity);
    if (old !== undefined) {
      if (batch > 0) {
        this.#startBatch(segment);
        this.#moveRecords(old, batchStart, segment);
        old.tail = batchStart;
      }
      this.#closing = old.synced < old.tail ? old : undefined;
      this.sealed += 1;
    }
    return segment;
  }

  #openSegment(capacity: number): Segment {
    const segment = new Segment({ id: this.#nextSegment, directory: this.#options.directory, capacity, previous: this.#previous });
    this.#nextSegment += 1;
    this.#options.frames.give(segment);
    this.segments.set(segment.id, segment);
    this.#open = segment;
    this.#dataEnd = 0;
    this.#marked = 0;
    this.#frame(segment, 0, recordKind.segment, [storeFormat, segment.previous.segment, segment.previous.offset, 0], this.#nextBatch);
    segment.tail = frameRecord;
    return segment;
  }

  /** Nothing of the segment was written yet: same id, same offsets, more room. */
  #enlarge(old: Segment, capacity: number): Segment {
    const segment = new Segment({ id: old.id, directory: this.#options.directory, capacity, previous: old.previous });
    this.#options.frames.give(segment);
    segment.memory?.bytes.set(old.memory?.bytes.subarray(old.base, old.base + old.tail) ?? [], segment.base);
    segment.tail = old.tail;
    segment.live = old.live;
    segment.liveBytes = old.liveBytes;
    for (const [stream, timeNs] of old.newestIdNs) {
      segment.noteId(stream, timeNs);
    }
    this.#options.frames.takeBack(old);
    this.segments.set(segment.id, segment);
    this.#open = segment;
    return segment;
  }

  #startBatch(segment: Segment): void {
    this.#batchStart = segment.tail;
    segment.tail += frameRecord;
  }

  /** Copies the records from `start` to the end of `from` behind the tail of `to`, sealed for their new place. */
  #moveRecords(from: Segment, start: number, to: Segment): void {
    if (from.memory === undefined || to.memory === undefined) {
      throw new Error("unsynced segments stay in memory");
    }
    const reader = new RecordReader(from.memory);
    let offset = start;
    while (offset < from.tail) {
      // The header of the batch being collected is not written yet; headers of earlier batches are dropped.
      const isHeader = offset === start || reader.at(from.base + offset).kind === recordKind.batch;
      const length = isHeader ? frameRecord : reader.at(from.base + offset).length;
      if (!isHeader && reader.kind !== recordKind.segment) {
        const target = to.base + to.tail;
        to.memory.bytes.set(from.memory.bytes.subarray(reader.pointer, reader.pointer + length), target);
        to.memory.seal(target, length, to.id, to.tail);
        if (reader.kind === recordKind.message) {
          this.#options.moved({ stream: reader.stream, sequence: reader.sequence, from, to, offset: to.tail });
        }
        to.tail += length;
      }
      offset += length;
    }
    for (const [stream, timeNs] of from.newestIdNs) {
      to.noteId(stream, timeNs);
    }
  }

  #frame(segment: Segment, offset: number, kind: number, words: readonly number[], sequence: number): void {
    if (segment.memory === undefined) {
      throw new Error("the open segment has no memory");
    }
    const payload = new Uint8Array(Uint32Array.from(words).buffer);
    const timeNs = this.#options.createdNs();
    writeRecord(segment.memory, segment.base, segment.id, offset, { kind, stream: 0, sequence, timeNs, payload });
  }

  #write(): void {
    const segment = this.#open;
    if (segment?.memory === undefined || this.#batchStart < 0) {
      return;
    }
    if (this.#closing !== undefined) {
      this.#closing.file?.sync();
      this.#closing.synced = this.#closing.tail;
      this.#closing = undefined;
    }
    this.#frame(segment, this.#batchStart, recordKind.batch, [segment.synced, segment.tail - this.#batchStart, 0, 0], this.#nextBatch);
    if (segment.file === undefined) {
      segment.file = this.#spare.take(segment.path, segment.capacity) ?? this.#options.disk.open(segment.path, "create-new");
      this.#namesDirty = true;
    }
    segment.file.write(segment.memory.bytes.subarray(segment.base + segment.written, segment.base + segment.tail), segment.written);
    if (this.#namesDirty) {
      this.#options.disk.syncDirectory(this.#options.directory);
      this.#namesDirty = false;
    }
    segment.written = segment.tail;
    // A store that holds little never pays for a spare.
    if (segment.tail > segment.capacity / 4) {
      this.#spare.prepare();
    }
    this.#marked = segment.synced;
    this.#dataEnd = segment.tail;
    this.#batchStart = -1;
    this.#nextBatch += 1;
  }

  #sync(): void {
    const segment = this.#open;
    if (segment === undefined || segment.synced === segment.written) {
      return;
    }
    segment.file?.sync();
    segment.synced = segment.written;
  }

  /** What may not have reached the disk goes, as one batch, into a fresh segment that says where the abandoned one ends. */
  #rescue(cause: unknown): void {
    try {
      const abandoned = [this.#closing, this.#open].filter((segment) => segment !== undefined);
      const [first] = abandoned;
      if (first === undefined) {
        throw cause;
      }
      this.#previous = first.synced === 0 ? first.previous : { segment: first.id, offset: first.synced };
      const bytes = abandoned.reduce((sum, segment) => sum + segment.tail - segment.synced, 0);
      const { reserve, segmentBytes } = this.#options;
      const needed = bytes + 4 * frameRecord;
      const fresh = this.#openSegment(reserve?.offer(cause, needed) ?? Math.max(segmentBytes, needed));
      fresh.file = reserve?.use(cause, fresh);
      this.#namesDirty ||= fresh.file !== undefined;
      const lastStart = this.#batchStart;
      this.#startBatch(fresh);
      for (const segment of abandoned) {
        this.#abandon(segment, lastStart, fresh);
      }
      this.#closing = undefined;
      this.sealed += 1;
      this.#write();
      this.#sync();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.failure = new StoreError("write-failed", `the log can be written neither in place nor in a new segment: ${reason}`, { cause });
      throw this.failure;
    }
  }

  #abandon(segment: Segment, batchStart: number, fresh: Segment): void {
    if (batchStart >= 0 && segment !== this.#closing && segment.memory !== undefined) {
      // The header of the batch in progress may not be there yet; it must not be read as a record.
      this.#frame(segment, batchStart, recordKind.batch, [0, frameRecord, 0, 0], 0);
    }
    const start = Math.max(segment.synced, frameRecord);
    this.#moveRecords(segment, start, fresh);
    segment.tail = segment.synced;
    segment.written = segment.synced;
    if (segment.synced > 0) {
      return;
    }
    segment.file?.close();
    segment.file = undefined;
    this.segments.delete(segment.id);
    this.#options.frames.takeBack(segment);
    try {
      this.#options.disk.unlink(segment.path);
    } catch {
      // Nothing refers to it: the fresh segment says that the log does not pass through here.
    }
  }
}
