/**
 * Which files the store needs, and which it can let go. Checkpoints make segments of the log unnecessary, compaction empties files, and what is
 * empty is unlinked here:
 *
 * - a segment when no stored message lies in it, it is older than the *older* checkpoint, nothing in it was damaged, and no message id in it is
 *   inside its stream's window;
 * - a sorted file under the same conditions but for the checkpoints: it says nothing but messages, and the log says that they are removed.
 */
import type { Clock, Disk, Timer } from "../ports.ts";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.ts";
import { describeStream } from "./checkpoint-stream.ts";
import type { CommitLog } from "./commit-log.ts";
import { Compaction } from "./compaction.ts";
import { aliveIn, chooseFiles } from "./compaction-policy.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import { IndexFooters } from "./index-footer.ts";
import type { LogReader } from "./log-reader.ts";
import type { Erasure } from "./record-eraser.ts";
import { type LogPosition, type Segment, sortedBase } from "./segment.ts";
import { SegmentIndexer } from "./segment-indexer.ts";
import { sortedDirectory } from "./store-directory.ts";

export interface StoreSpaceOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: CommitLog;
  readonly reader: LogReader;
  readonly streams: ReadonlyMap<number, FileStoredStream>;
  readonly segmentBytes: number;
  /** Newest first, as found on opening. */
  readonly checkpoints: readonly { readonly generation: number; readonly position: LogPosition }[];
  readonly lastStream: () => number;
  /** Grows with the traffic. */
  readonly commits: () => number;
  /** Nothing waits for a commit, and none is under way. */
  readonly isBetweenTurns: () => boolean;
  /** A checkpoint could not be written; told once until one succeeds. */
  readonly checkpointFailed: (error: unknown) => void;
}

/** Alive in the sources of one compaction, in segments. */
const compactionSegments = 8;
const retryMs = 60_000;
/** How often an idle store with something left to tidy looks again. */
const tidyMs = 10_000;
const markerMs = 1_000;
/** A pause between two bursts is no time for indexes, which only the next opening needs. */
const indexAfterMs = 1_000;
/** On a full disk a compaction must fit into the room that was kept for checkpoints. */
const fullDiskBytes = 256 * 1024;

export class StoreSpace {
  /** Why the last checkpoint could not be written; the log alone is enough, it only grows. */
  failure: unknown;
  /** Of the next sorted file. */
  nextSorted = 1;
  readonly #options: StoreSpaceOptions;
  readonly #compaction: Compaction;
  readonly #indexer: SegmentIndexer;
  #generation: number;
  /** Positions of the newest and the older checkpoint. */
  #newest: LogPosition | undefined;
  #older: LogPosition | undefined;
  #compactionNotBeforeMs = 0;
  #indexNotBeforeMs = 0;
  /** Commits at the last look that found the store idle. */
  #idleCommits = -1;
  #tidyTimer: Timer | undefined;
  #isStopped = false;

  constructor(options: StoreSpaceOptions) {
    this.#options = options;
    const { disk, clock, log, reader, streams, commits, segmentBytes: fileBytes } = options;
    const [newest, older] = options.checkpoints;
    this.#generation = newest?.generation ?? 0;
    this.#newest = newest?.position;
    this.#older = older?.position;
    this.#compaction = new Compaction({
      disk,
      clock,
      log,
      reader,
      streams,
      directory: sortedDirectory(options.directory),
      fileBytes,
      nextId: () => {
        this.nextSorted += 1;
        return sortedBase + this.nextSorted - 1;
      },
      commits,
      ended: (error) => this.#compacted(error),
    });
    this.#indexer = new SegmentIndexer({
      disk,
      clock,
      footers: new IndexFooters(streams),
      goesOn: () => commits() === this.#idleCommits && !log.isFull,
      ended: (error) => {
        if (error !== undefined) {
          this.#indexNotBeforeMs = clock.nowMs() + retryMs;
        }
        this.#tidy();
      },
    });
  }

  /** Writes a checkpoint, lets go what neither of the two needs, and begins to empty sparse files. The log has nothing pending. */
  checkpoint(): void {
    if (this.#writeCheckpoint()) {
      this.#unlinkDead();
      this.#compact({ isIdle: false, bytesMax: this.#options.segmentBytes });
    }
  }

  /** Does a checkpoint stand at the end of the log? */
  get isCheckpointed(): boolean {
    const { end } = this.#options.log;
    return end.segment === this.#newest?.segment && end.offset === this.#newest.offset;
  }

  /** A message is removed, and nothing may be left of it. */
  erased(erasure: Erasure): void {
    this.#compaction.erased(erasure);
  }

  /** Nothing was committed for a while. */
  idle(): void {
    this.#idleCommits = this.#options.commits();
    this.#indexNotBeforeMs = Math.max(this.#indexNotBeforeMs, this.#options.clock.nowMs() + indexAfterMs);
    this.#tidy();
  }

  /** The disk is full. What a purge left dead goes, if two checkpoints can be written; what it left sparse is put together first. */
  makeRoom(release: () => void): void {
    if (!this.#mayWork()) {
      return;
    }
    if (this.#files().some((file) => this.#isDead(file))) {
      release();
      this.#checkpointTwice();
      return;
    }
    const sources = this.#choose({ isIdle: true, bytesMax: Math.min(fullDiskBytes, this.#options.segmentBytes / 4) });
    if (sources.length > 0 && !this.#compaction.isRunning) {
      release();
      this.#compaction.start(sources);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tidyTimer?.cancel();
    await Promise.all([this.#compaction.stop(), this.#indexer.stop()]);
  }

  #compacted(error: unknown): void {
    const { clock, log, commits } = this.#options;
    if (error !== undefined) {
      this.#compactionNotBeforeMs = clock.nowMs() + retryMs;
    }
    if (log.isFull && this.#mayWork()) {
      this.#checkpointTwice();
    } else if (commits() === this.#idleCommits) {
      this.#tidy();
    }
  }

  /** What an idle store does for its space, one thing after the other, until nothing is left. */
  #tidy(): void {
    this.#tidyTimer?.cancel();
    this.#tidyTimer = undefined;
    if (this.#isStopped || this.#options.log.failure !== undefined || this.#options.commits() !== this.#idleCommits) {
      return;
    }
    if (!this.#mayWork()) {
      // The marker may be on its way.
      this.#tidyTimer = this.#options.clock.setTimer(markerMs, () => this.#tidy());
      return;
    }
    if (!this.#options.log.isFull) {
      this.#unlinkDead();
      if (this.#files().some((file) => this.#isDead(file))) {
        this.#checkpointTwice();
      }
      this.#compact({ isIdle: true, bytesMax: this.#options.segmentBytes * compactionSegments });
      this.#index();
    }
    if (!this.#compaction.isRunning && !this.#indexer.isRunning) {
      this.#lookAgain();
    }
  }

  #lookAgain(): void {
    const { clock, log } = this.#options;
    const untilIndexMs = this.#indexNotBeforeMs - clock.nowMs();
    if (!log.isFull && untilIndexMs > 0 && this.#unindexed().length > 0) {
      this.#tidyTimer = clock.setTimer(untilIndexMs, () => this.#tidy());
    } else if (this.#files().some((file) => this.#waits(file))) {
      this.#tidyTimer = clock.setTimer(tidyMs, () => this.#tidy());
    }
  }

  #mayWork(): boolean {
    return !this.#isStopped && this.#options.log.failure === undefined && this.#options.isBetweenTurns();
  }

  #files(): Segment[] {
    return [...this.#options.log.segments.values()];
  }

  /** Nothing holds it but checkpoints that are too old. */
  #isDead(file: Segment): boolean {
    const { log, clock } = this.#options;
    return file.live === 0 && !file.damaged && file.id < log.end.segment && this.#idsUntilNs(file) <= clock.nowNs();
  }

  /** Time alone will make it dead, or worth a compaction. */
  #waits(file: Segment): boolean {
    return !file.damaged && this.#isSealed(file) && this.#idsUntilNs(file) > this.#options.clock.nowNs();
  }

  #isSealed(file: Segment): boolean {
    return file.isSorted || (file.id < this.#options.log.end.segment && file.synced === file.tail);
  }

  #compact(how: { isIdle: boolean; bytesMax: number }): void {
    const { log, clock } = this.#options;
    if (!log.isFull && !this.#compaction.isRunning && clock.nowMs() >= this.#compactionNotBeforeMs) {
      this.#compaction.start(this.#choose(how));
    }
  }

  /** What compaction leaves alone gets its index where it is. */
  #index(): void {
    if (!this.#compaction.isRunning && this.#options.clock.nowMs() >= this.#indexNotBeforeMs) {
      this.#indexer.start(this.#unindexed());
    }
  }

  #unindexed(): Segment[] {
    const files = this.#files();
    // The end of a segment is known for good when the next one is on the disk.
    const synced = Math.max(0, ...files.flatMap((file) => (!file.isSorted && file.synced > 0 ? [file.id] : [])));
    return files.filter((file) => this.#isSealed(file) && file.id < synced && !file.hasFooter && !file.damaged && file.live > 0);
  }

  #choose(how: { isIdle: boolean; bytesMax: number }): Segment[] {
    return chooseFiles(this.#options.log.segments.values(), {
      ...how,
      isSealed: (file) => this.#isSealed(file),
      idsUntilNs: (file) => this.#idsUntilNs(file),
      nowNs: this.#options.clock.nowNs(),
      fileBytes: this.#options.segmentBytes,
    });
  }

  /** Ids of removed messages live in their records: the file stays as long as one of them is inside its stream's window. */
  #idsUntilNs(file: Segment): bigint {
    let untilNs = 0n;
    for (const [id, newestNs] of file.newestIdNs) {
      const endNs = newestNs + (this.#options.streams.get(id)?.messages.messageIdWindowNs ?? 0n);
      untilNs = endNs > untilNs ? endNs : untilNs;
    }
    return untilNs;
  }

  #checkpointTwice(): void {
    if (this.#writeCheckpoint() && this.#writeCheckpoint()) {
      this.#unlinkDead();
    }
  }

  #writeCheckpoint(): boolean {
    const { disk, directory, log } = this.#options;
    const generation = this.#generation + 1;
    log.sync();
    log.sealed = 0;
    try {
      const checkpoint = this.#describe(generation);
      writeCheckpoint(disk, directory, checkpoint);
      this.#older = this.#newest;
      this.#newest = checkpoint.position;
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.failure = undefined;
    this.#generation = generation;
    return true;
  }

  #describe(generation: number): Checkpoint {
    const { log, streams, lastStream } = this.#options;
    return {
      generation,
      position: log.end,
      nextBatch: log.nextBatch,
      lastStream: lastStream(),
      nextSorted: this.nextSorted,
      sorted: this.#files().flatMap((file) => (file.isSorted && aliveIn(file) > 0 ? [file.id] : [])),
      streams: [...streams.values()].map(describeStream),
    };
  }

  #failed(error: unknown): void {
    if (this.failure === undefined) {
      this.#options.checkpointFailed(error);
    }
    this.failure = error;
  }

  #unlinkDead(): void {
    const { log, reader, disk, clock } = this.#options;
    const keepFrom = this.#older?.segment ?? 0;
    const nowNs = clock.nowNs();
    for (const file of this.#files()) {
      // What took the messages of a sorted file must be on the disk; the log's own segments are older than a checkpoint, which is synced.
      const isNeeded = file.isSorted ? !log.isSynced || log.hasPending : file.id >= keepFrom;
      if (isNeeded || file.live > 0 || file.damaged || this.#idsUntilNs(file) > nowNs) {
        continue;
      }
      reader.forget(file);
      file.file?.close();
      file.file = undefined;
      try {
        disk.unlink(file.path);
        log.dropSegment(file);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
