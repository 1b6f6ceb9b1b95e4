/**
 * The commit log: records go into the open segment's memory, `commit` writes them as one batch and syncs.
 *
 *    segment = segment header, batch, batch, …        batch = batch header, record, record, …
 *    segment header payload: u32 format, u32 previous segment, u32 where that one ends, u32 features
 *    batch header payload:   u32 offset in this segment up to which everything was synced when the batch was written (the mark),
 *                            u32 length of the batch with its header, u64 last sequence of the stream in its stream field
 *
 * Invariants: a batch lies in one segment (one that no longer fits moves as a whole), so a commit is one write and one sync; a segment is
 * written to only when all earlier ones are synced; after a failed write or sync nothing more is written to that segment.
 *
 * On a slow disk a commit is a *flight*: the batch is sealed, write and sync happen in the background, and records go on being appended to
 * the next batch. There is one flight at a time, and while there is one, nothing else of the log is written. A flight that fails
 * is answered by the next commit, like a failed write: all that is not synced goes into a fresh segment.
 */
import type { DiskDone, DiskFile } from "../ports.ts";
import { Flight } from "./background-flight.ts";
import { lastSequenceWords } from "./last-sequences.ts";
import { frameRecord, moveRecords } from "./log-frame-records.ts";
import { type CommitLogOptions, LogTail } from "./log-tail.ts";
import { recordKind } from "./record.ts";
import type { LogPosition, Segment } from "./segment.ts";
import { SegmentSpare, spareName } from "./segment-spare.ts";
import { StoreError } from "./store-error.ts";

export { frameRecord } from "./log-frame-records.ts";

export class CommitLog extends LogTail {
  readonly #spare: SegmentSpare;
  #namesDirty = false;
  #flight: Flight | undefined;
  /** Why the last flight did not arrive. */
  #broken: Error | undefined;

  constructor(options: CommitLogOptions) {
    super(options);
    const { disk, directory, segmentBytes: bytes } = options;
    this.#spare = new SegmentSpare({ disk, directory, bytes, name: spareName });
  }

  /** There is room for deletes, not for more messages. */
  get isFull(): boolean {
    return this.options.reserve?.isFull === true;
  }

  /** Goes on where recovery ended, in a new segment: what lies behind `end` in the old one is never touched. */
  resume(from: { end: LogPosition; nextSegment: number; nextBatch: number }): void {
    this.previous = from.end;
    this.nextSegment = from.nextSegment;
    this.batch = from.nextBatch;
    this.options.reserve?.make();
  }

  get hasPending(): boolean {
    return this.batchStart >= 0 || this.#broken !== undefined;
  }

  get isFlying(): boolean {
    return this.#flight !== undefined;
  }

  /** What the next commit writes. */
  get pendingBytes(): number {
    return this.open === undefined ? 0 : this.open.tail - this.open.written;
  }

  /** Bytes that wait for the flight, its own included; 0 without one. */
  get backlogBytes(): number {
    return this.#flight === undefined ? 0 : this.#flight.bytes + this.pendingBytes;
  }

  /** Ends the batch: one write, and one sync if asked. A failure is answered by one attempt in a fresh segment. */
  commit(sync: boolean): void {
    this.#assertGrounded();
    const broken = this.#broken;
    if (broken !== undefined) {
      this.#broken = undefined;
      this.#rescue(broken);
      return;
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

  /** `commit(true)` in the background; `landed` is called afterwards, also when it failed. False when all is durable already. */
  commitLater(landed: DiskDone): boolean {
    this.#assertGrounded();
    const segment = this.open;
    if (segment === undefined || this.batchStart < 0 || this.#broken !== undefined) {
      this.commit(true);
      return false;
    }
    try {
      const closing = this.closing;
      const { file, bytes, position } = this.#seal(segment);
      const flight = new Flight({ segment, closing, bytes: bytes.length, landed });
      const { disk, directory } = this.options;
      if (this.#namesDirty) {
        this.#namesDirty = false;
        flight.add((done) => disk.syncDirectoryLater(directory, done));
      }
      flight.add((done) => file.writeLater(bytes, position, done));
      flight.add((done) => file.syncLater(done));
      this.#takeOff(flight);
      return true;
    } catch (error) {
      this.#rescue(error);
      return false;
    }
  }

  /** `sync` in the background, of what was written; what is pending stays so. False when there is nothing to do. */
  syncLater(landed: DiskDone): boolean {
    this.#assertGrounded();
    const [segment, closing] = [this.open, this.closing];
    if (segment === undefined || this.#broken !== undefined || (closing === undefined && segment.synced === segment.written)) {
      return false;
    }
    const flight = new Flight({ segment, closing, bytes: 0, landed });
    const { file } = segment;
    if (file !== undefined && segment.synced < segment.written) {
      flight.add((done) => file.syncLater(done));
    }
    this.#takeOff(flight);
    return true;
  }

  sync(): void {
    if (!this.isSynced) {
      this.commit(true);
    }
  }

  get needsMarker(): boolean {
    return this.failure === undefined && this.open !== undefined && !this.hasPending && this.marked < this.dataEnd && this.isSynced;
  }

  /** An empty batch that carries the newest mark, so that damage before it is told from a torn tail. */
  writeMarker(): void {
    this.#mark(() => this.commit(true));
  }

  /** `writeMarker` in the background. */
  writeMarkerLater(landed: DiskDone): void {
    this.#mark(() => void this.commitLater(landed));
  }

  #mark(commit: () => void): void {
    const segment = this.open;
    if (segment === undefined || !this.needsMarker) {
      return;
    }
    const dataEnd = this.dataEnd;
    this.startBatch(segment);
    commit();
    this.dataEnd = segment === this.open ? dataEnd : 0;
  }

  /** Files of full segments end where the log goes on; the open one, made ready in full size, is cut when the log stops. */
  trim(): void {
    const segment = this.open;
    if (segment?.file !== undefined && this.isSynced) {
      segment.file.truncate(segment.tail);
    }
  }

  /** The flight, if there is one, has landed, and what follows from that was done. */
  async landing(): Promise<void> {
    await this.#flight?.end;
  }

  /** No write of the log's own is on its way any more. */
  async settle(): Promise<void> {
    await this.landing();
    await this.#spare.stop();
    await this.options.reserve?.stop();
  }

  /** Nobody is told of a flight's end any more; its files are closed when it landed. */
  closeFiles(): void {
    const flight = this.#flight;
    for (const segment of this.segments.values()) {
      if (flight === undefined || !flight.concerns(segment)) {
        segment.file?.close();
        segment.file = undefined;
      }
    }
    flight?.closeFilesAfterwards();
  }

  #write(): void {
    const segment = this.open;
    if (segment === undefined || this.batchStart < 0) {
      return;
    }
    if (this.closing !== undefined) {
      this.closing.file?.sync();
      this.closing.synced = this.closing.tail;
      this.closing = undefined;
    }
    const { file, bytes, position } = this.#seal(segment);
    file.write(bytes, position);
    if (this.#namesDirty) {
      this.options.disk.syncDirectory(this.options.directory);
      this.#namesDirty = false;
    }
  }

  /** Ends the batch in memory and opens its file. From here on the segment counts as written up to its tail. */
  #seal(segment: Segment): { readonly file: DiskFile; readonly bytes: Uint8Array; readonly position: number } {
    if (segment.memory === undefined) {
      throw new Error("the open segment has no memory");
    }
    const { newest, batchStart } = this;
    const words = [segment.synced, segment.tail - batchStart, ...lastSequenceWords(newest)];
    this.frame(segment, batchStart, recordKind.batch, words, this.batch, newest?.id);
    if (segment.file === undefined) {
      segment.file = this.#spare.take(segment.path, segment.capacity) ?? this.options.disk.open(segment.path, "create-new");
      this.#namesDirty = true;
    }
    const position = segment.written;
    segment.written = segment.tail;
    // A store that holds little never pays for a spare.
    if (segment.tail > segment.capacity / 4) {
      this.#spare.prepare();
    }
    this.marked = segment.synced;
    this.dataEnd = segment.tail;
    this.batchStart = -1;
    this.batch += 1;
    return { file: segment.file, bytes: segment.memory.bytes.subarray(segment.base + position, segment.base + segment.tail), position };
  }

  #takeOff(flight: Flight): void {
    this.#flight = flight;
    flight.begin((error) => {
      this.#flight = undefined;
      this.#broken = error;
      if (this.closing !== undefined && this.closing.synced === this.closing.tail) {
        this.closing = undefined;
      }
    });
  }

  /** Between two flights, and before anything failed for good. */
  #assertGrounded(): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    if (this.#flight !== undefined) {
      throw new Error("a commit is under way");
    }
  }

  #sync(): void {
    const segment = this.open;
    if (segment === undefined || segment.synced === segment.written) {
      return;
    }
    segment.file?.sync();
    segment.synced = segment.written;
  }

  /** What may not have reached the disk goes, as one batch, into a fresh segment that says where the abandoned one ends. */
  #rescue(cause: unknown): void {
    try {
      const abandoned = [this.closing, this.open].filter((segment) => segment !== undefined);
      const [first] = abandoned;
      if (first === undefined) {
        throw cause;
      }
      this.previous = first.synced === 0 ? first.previous : { segment: first.id, offset: first.synced };
      const bytes = abandoned.reduce((sum, segment) => sum + segment.tail - segment.synced, 0);
      const { reserve, segmentBytes } = this.options;
      const needed = bytes + 4 * frameRecord;
      const fresh = this.openSegment(reserve?.offer(cause, needed) ?? Math.max(segmentBytes, needed));
      fresh.file = reserve?.use(cause, fresh);
      this.#namesDirty ||= fresh.file !== undefined;
      const lastStart = this.batchStart;
      this.startBatch(fresh);
      for (const segment of abandoned) {
        this.#abandon(segment, lastStart, fresh);
      }
      this.closing = undefined;
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
    if (batchStart >= 0 && segment !== this.closing && segment.memory !== undefined) {
      // The header of the batch in progress may not be there yet; it must not be read as a record.
      this.frame(segment, batchStart, recordKind.batch, [0, frameRecord, 0, 0], 0);
    }
    const start = Math.max(segment.synced, frameRecord);
    moveRecords({ from: segment, start, to: fresh }, this.options.moved);
    segment.tail = segment.synced;
    segment.written = segment.synced;
    if (segment.synced > 0) {
      return;
    }
    segment.file?.close();
    segment.file = undefined;
    this.segments.delete(segment.id);
    this.options.frames.takeBack(segment);
    try {
      this.options.disk.unlink(segment.path);
    } catch {
      // Nothing refers to it: the fresh segment says that the log does not pass through here.
    }
  }
}
