/**
 * Compaction: moves what is alive in some files into sorted ones. A stream with much gets files of its own, the small ones share.
 *
 *    survey      reads the sources and sums up what each stream has alive; one that is not sound is left as it is
 *    distribute  reads them again and copies each live record to its stream's file
 *    install     footers, syncs, names, directory sync; then the index points to the copies, and the sources are dead
 *
 * A crash before the names leaves files that the next opening removes; after them, the copies count and the sources are dead. Sources go as
 * any dead file does. All of it runs between turns, a megabyte at a time, and longer apart when there is traffic. A message that is removed
 * meanwhile is simply not moved; one that is erased is erased in the copy, too.
 */
import type { Clock, Disk } from "../ports.ts";
import type { CommitLog } from "./commit-log.ts";
import { recordSurplus } from "./compaction-policy.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import type { LogReader } from "./log-reader.ts";
import { type RecordReader, recordFlag, recordKind } from "./record.ts";
import { type Erasure, eraseRecords } from "./record-eraser.ts";
import { walkRecords } from "./record-walk.ts";
import type { Segment } from "./segment.ts";
import { type MovedRecord, SortedFileWriter } from "./sorted-file-writer.ts";
import { makeDurableDirectory } from "./store-directory.ts";

export interface CompactionHost {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: CommitLog;
  readonly reader: LogReader;
  readonly streams: ReadonlyMap<number, FileStoredStream>;
  /** Of the sorted files. */
  readonly directory: string;
  /** A sorted file is about as large as a segment. */
  readonly fileBytes: number;
  nextId(): number;
  /** Grows with the traffic. */
  commits(): number;
  /** Everything is installed; or it failed, and should not be tried again soon. */
  ended(error: unknown): void;
}

/** A stream with at least this part of a file has files of its own. */
const ownFileShare = 8;
const breakBytes = 1024 * 1024;
const idlePauseMs = 1;
const busyPauseMs = 20;
/** Number of the file for everybody who has none. */
const shared = 0;

class Stopped extends Error {}

export class Compaction {
  readonly #host: CompactionHost;
  #work: Promise<void> | undefined;
  #isStopped = false;
  #wake: (() => void) | undefined;
  #writers: SortedFileWriter[] = [];
  #current = new Map<number, SortedFileWriter>();
  /** Messages erased since the run began: stream and sequence. */
  #erased = new Set<string>();
  #commits = 0;
  #sinceBreak = 0;

  constructor(host: CompactionHost) {
    this.#host = host;
  }

  get isRunning(): boolean {
    return this.#work !== undefined;
  }

  start(sources: readonly Segment[]): void {
    if (this.#work === undefined && !this.#isStopped && sources.length > 0) {
      this.#work = this.#run(sources);
    }
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    await this.#work;
  }

  /** This message's content must not survive in a copy. */
  erased({ stream, sequence }: Erasure): void {
    if (this.#work !== undefined) {
      this.#erased.add(`${stream} ${sequence}`);
    }
  }

  async #run(sources: readonly Segment[]): Promise<void> {
    let failure: unknown;
    try {
      await this.#compact(sources);
    } catch (error) {
      failure = error;
      for (const writer of this.#writers) {
        writer.discard();
      }
    }
    this.#writers = [];
    this.#current.clear();
    this.#erased.clear();
    this.#work = undefined;
    if (!this.#isStopped) {
      this.#host.ended(failure);
    }
  }

  async #compact(sources: readonly Segment[]): Promise<void> {
    const { disk, directory, fileBytes } = this.#host;
    const shares = new Map<number, number>();
    const sound: Segment[] = [];
    for (const source of sources) {
      if (await this.#survey(source, shares)) {
        sound.push(source);
      }
    }
    makeDurableDirectory(disk, directory);
    const ownFiles = new Set([...shares].filter(([, bytes]) => bytes * ownFileShare >= fileBytes).map(([stream]) => stream));
    for (const source of sound) {
      await this.#distribute(source, ownFiles);
    }
    await this.#install();
    for (const source of sound) {
      // Ids that still count were copied, too.
      source.newestIdNs.clear();
    }
  }

  /** Adds up what is alive; false when something alive can't be read: then nothing in the file is touched, now or later. */
  async #survey(source: Segment, shares: Map<number, number>): Promise<boolean> {
    const found = new Map<number, number>();
    const isSound = await walkRecords({
      disk: this.#host.disk,
      segment: source,
      visit: (record, offset) => {
        if (this.#isLive(record, source, offset)) {
          found.set(record.stream, (found.get(record.stream) ?? 0) + record.length);
        }
      },
      damaged: (record, offset) => !this.#isLive(record, source, offset),
      between: (bytes) => this.#break(bytes),
    });
    source.damaged ||= !isSound;
    for (const [stream, bytes] of found) {
      shares.set(stream, (shares.get(stream) ?? 0) + bytes);
    }
    return isSound;
  }

  async #distribute(source: Segment, ownFiles: ReadonlySet<number>): Promise<void> {
    const { disk, clock, streams } = this.#host;
    const nowNs = clock.nowNs();
    const isWhole = await walkRecords({
      disk,
      segment: source,
      visit: (record, offset) => {
        const stream = streams.get(record.stream);
        if (stream === undefined) {
          return;
        }
        const keepsId = record.messageId !== undefined && record.timeNs + stream.messages.messageIdWindowNs > nowNs;
        if (this.#isLive(record, source, offset)) {
          this.#writerFor(ownFiles.has(stream.id) ? stream.id : shared).copy(record, stream, source, offset);
        } else if (keepsId && (record.kind === recordKind.message || record.kind === recordKind.messageId)) {
          this.#writerFor(ownFiles.has(stream.id) ? stream.id : shared).copyId(record, stream);
        }
      },
      damaged: (record, offset) => !this.#isLive(record, source, offset),
      between: (bytes) => this.#flush(bytes),
    });
    if (!isWhole) {
      source.damaged = true;
      throw new Error(`${source.path} could be read a moment ago`);
    }
  }

  #isLive(record: RecordReader, source: Segment, offset: number): boolean {
    const index = this.#host.streams.get(record.stream)?.messages.index;
    if (record.kind !== recordKind.message || (record.flags & recordFlag.erased) !== 0 || index?.has(record.sequence) !== true) {
      return false;
    }
    const { place, offset: at } = index.placeOf(record.sequence);
    return place === source.id && at === offset;
  }

  #writerFor(file: number): SortedFileWriter {
    let writer = this.#current.get(file);
    if (writer === undefined || writer.bytes >= this.#host.fileBytes) {
      const { disk, directory, clock } = this.#host;
      writer = new SortedFileWriter({ disk, directory, id: this.#host.nextId(), timeNs: clock.nowNs() });
      this.#writers.push(writer);
      this.#current.set(file, writer);
    }
    return writer;
  }

  async #flush(bytes: number): Promise<void> {
    for (const writer of this.#writers) {
      if (writer.isMemoryFull) {
        await writer.flush();
      }
    }
    await this.#break(bytes);
  }

  async #install(): Promise<void> {
    const { disk, directory, log } = this.#host;
    const files: { readonly segment: Segment; readonly moved: readonly MovedRecord[] }[] = [];
    for (const writer of this.#writers) {
      files.push({ segment: await writer.finish(), moved: writer.moved });
      await this.#break(writer.bytes);
    }
    for (const [at, writer] of this.#writers.entries()) {
      const segment = files[at]?.segment;
      if (segment !== undefined) {
        writer.publish(segment);
      }
    }
    this.#writers = [];
    disk.syncDirectory(directory);
    for (const { segment } of files) {
      log.segments.set(segment.id, segment);
    }
    for (const { segment, moved } of files) {
      this.#relocate(segment, moved);
      await this.#break(segment.tail);
    }
  }

  #relocate(segment: Segment, moved: readonly MovedRecord[]): void {
    const { streams, reader } = this.#host;
    const erased: number[] = [];
    for (const { stream, sequence, from, fromOffset, offset } of moved) {
      const index = streams.get(stream)?.messages.index;
      const place = index?.has(sequence) === true ? index.placeOf(sequence) : undefined;
      if (index !== undefined && place?.place === from.id && place.offset === fromOffset) {
        const size = index.sizeOf(sequence);
        index.relocate(sequence, segment.id, offset);
        from.releaseMessage(size);
        segment.holdMessage(size, stream);
        segment.sortedBytes += size + recordSurplus;
      } else if (this.#erased.size > 0 && this.#erased.has(`${stream} ${sequence}`)) {
        erased.push(offset);
      }
    }
    if (erased.length > 0) {
      eraseRecords(reader, segment, erased);
    }
  }

  /** Lets others run after each megabyte of work, and longer when there was traffic meanwhile. */
  async #break(bytes: number): Promise<void> {
    this.#sinceBreak += bytes;
    if (this.#sinceBreak >= breakBytes && !this.#isStopped) {
      const { clock } = this.#host;
      const commits = this.#host.commits();
      const pauseMs = commits === this.#commits ? idlePauseMs : busyPauseMs;
      this.#commits = commits;
      this.#sinceBreak = 0;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        clock.setTimer(pauseMs, resolve);
      });
    }
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isStopped || this.#host.log.failure !== undefined) {
      throw new Stopped("the store stops");
    }
  }
}
