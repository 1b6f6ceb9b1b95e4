/**
 * The store of a server with a directory: file streams in one commit log, memory streams beside it.
 *
 * A commit writes what streams and assets collected, ends the batch and, under `always`, syncs it. Checkpoints follow when enough
 * segments were filled, and let dead segments go. Messages to erase are overwritten after a marker stands behind them, so that a torn
 * overwrite is recognised as damage to a removed record and never taken for the end of the log.
 */
import type { Clock, Disk, DiskLock } from "../ports.ts";
import { attempt, CommitDriver, type SyncPolicy } from "./commit-driver.ts";
import type { CommitLog } from "./commit-log.ts";
import type { CommitPacing } from "./commit-pacing.ts";
import { type FileAsset, FileStoredStream } from "./file-stored-stream.ts";
import { FileStream } from "./file-stream.ts";
import { lastSequencesRecord } from "./last-sequences.ts";
import type { LogReader } from "./log-reader.ts";
import { MemoryStoredStream } from "./memory-asset.ts";
import { Erasures } from "./record-eraser.ts";
import type { LogPosition, Segment } from "./segment.ts";
import { cleanSegment } from "./segment-cleaner.ts";
import { StoreError } from "./store-error.ts";
import { StoreSpace } from "./store-space.ts";
import type { Store, StoredStream, StreamDefinition } from "./stream-store.ts";

export type { SyncPolicy } from "./commit-driver.ts";

export interface FileStoreOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly syncPolicy: SyncPolicy;
  readonly lock: DiskLock;
  readonly log: CommitLog;
  /** Whether commits block the turn. */
  readonly pacing: CommitPacing;
  readonly reader: LogReader;
  readonly segmentBytes: number;
  /** Filled segments between checkpoints. */
  readonly checkpointSegments: number;
  /** Newest first, as found on opening. */
  readonly checkpoints: readonly { readonly generation: number; readonly position: LogPosition }[];
}

export class FileStore implements Store {
  epoch = 1;
  durableEpoch = 0;
  onDurable: (() => void) | undefined;
  /** A message turned out to be damaged when it was read; set once by the server. */
  onLost: ((lost: { readonly account: string; readonly stream: string; readonly sequence: number }) => void) | undefined;
  /** A checkpoint could not be written; told once until one succeeds. */
  onCheckpointFailure: ((error: unknown) => void) | undefined;
  /** The disk became full, or is not any more. */
  onFullChange: ((isFull: boolean) => void) | undefined;
  readonly log: CommitLog;
  readonly #options: FileStoreOptions;
  readonly #streams = new Map<number, FileStoredStream>();
  readonly #dirtyStreams = new Set<FileStream>();
  /** Took a sequence since the last flush, or messages of theirs moved to a batch with another header. */
  readonly #extended = new Set<FileStream>();
  readonly #dirtyAssets = new Set<FileAsset>();
  readonly #erasures: Erasures;
  #lastStream = 0;
  #fileBytes = 0;
  #memoryBytes = 0;
  readonly #space: StoreSpace;
  readonly #driver: CommitDriver;
  #isClosing = false;
  #closed = false;

  constructor(options: FileStoreOptions) {
    this.#options = options;
    this.log = options.log;
    this.#driver = new CommitDriver({
      ...options,
      ended: () => this.onDurable?.(),
      idle: () => attempt(() => this.#space.idle()),
    });
    this.#erasures = new Erasures(options.log, options.reader, (erasure) => this.#space.erased(erasure));
    this.#space = new StoreSpace({
      ...options,
      streams: this.#streams,
      lastStream: () => this.#lastStream,
      commits: () => this.#driver.commits,
      isBetweenTurns: () =>
        !this.#closed && !this.log.isFlying && !this.log.hasPending && this.#dirtyStreams.size === 0 && this.#dirtyAssets.size === 0,
      checkpointFailed: (error) => this.onCheckpointFailure?.(error),
    });
  }

  /** Takes over what recovery found. */
  resume(found: { lastStream: number; nextSorted: number; streams: ReadonlyMap<number, unknown> }): void {
    this.#lastStream = found.lastStream;
    this.#space.nextSorted = found.nextSorted;
    for (const id of this.#streams.keys()) {
      if (!found.streams.has(id)) {
        this.#streams.delete(id);
      }
    }
  }

  /** From now on the store looks after itself when nothing happens. */
  begin(): void {
    this.#driver.begin();
  }

  get usage(): { fileBytes: number; memoryBytes: number } {
    return { fileBytes: this.#fileBytes, memoryBytes: this.#memoryBytes };
  }

  get isFull(): boolean {
    return this.log.isFull;
  }

  /** The disk is full. Segments that a purge left dead go, if two checkpoints can be written: a segment outlives the older one. */
  makeRoom(release: () => void): void {
    attempt(() => this.#space.makeRoom(release));
  }

  /** Writes the segment's messages once more, to the end of the log, when they are still in memory and there is room. */
  writeAgain(segment: Segment): boolean {
    const isPossible = segment.memory !== undefined && !this.isFull && this.failure === undefined;
    return isPossible && cleanSegment(segment, { log: this.log, reader: this.#options.reader, streams: this.#streams });
  }

  /** What the streams know is written down at the end of this turn. */
  checkpointSoon(): void {
    this.log.sealed = Math.max(this.log.sealed, this.#options.checkpointSegments);
    this.onDurable?.();
  }

  /** Why nothing is accepted any more, undefined while all is well. */
  get failure(): StoreError | undefined {
    return this.log.failure;
  }

  commit(): void {
    this.#assertOpen();
    const { log } = this;
    if (log.isFlying) {
      // The epoch stays open, and its batch grows, until the one before it is durable.
      return;
    }
    this.#flush();
    if (log.hasPending) {
      const { epoch } = this;
      // Overwrites and checkpoints follow the commit before them at once.
      const blocking = !this.#erasures.isEmpty || log.sealed >= this.#options.checkpointSegments || this.#isClosing;
      const isUnderWay = this.#driver.commit({
        blocking,
        durable: () => {
          this.durableEpoch = epoch;
        },
      });
      if (isUnderWay) {
        this.epoch += 1;
        return;
      }
    } else if (log.failure !== undefined) {
      throw log.failure;
    }
    this.#erasures.carryOut();
    this.durableEpoch = this.epoch;
    this.epoch += 1;
    if (log.sealed >= this.#options.checkpointSegments) {
      this.checkpoint();
    }
  }

  /** The disk is slow: commits don't block. */
  get commitsInBackground(): boolean {
    return this.#options.pacing.isInBackground;
  }

  /** Bytes that are held in memory because a commit in the background is not through yet. */
  get backlogBytes(): number {
    return this.log.backlogBytes;
  }

  /** No commit is under way in the background. */
  async landing(): Promise<void> {
    await this.log.landing();
  }

  createStream(definition: StreamDefinition): StoredStream {
    this.#assertOpen();
    this.#lastStream += 1;
    const id = this.#lastStream;
    if (definition.storage === "memory") {
      const accounted = (change: number) => {
        this.#memoryBytes += change;
      };
      return new MemoryStoredStream(id, definition, { accounted, deleted: () => {} });
    }
    const stream = this.adoptStream(id, { ...definition, config: definition.config.slice() });
    const first = definition.firstSequence ?? 1;
    stream.messages.index.startAt(first);
    stream.messages.announce(first);
    return stream;
  }

  /** A stream that the log knows already. */
  adoptStream(id: number, definition: StreamDefinition): FileStoredStream {
    const messages = new FileStream(id, definition, {
      log: this.log,
      reader: this.#options.reader,
      extended: (messages) => {
        this.#extended.add(messages);
        this.log.newest = messages;
      },
      dirty: (stream) => this.#dirtyStreams.add(stream),
      epoch: () => this.epoch,
      accounted: (change) => {
        this.#fileBytes += change;
      },
      lost: ({ account, name }, sequence) => this.onLost?.({ account, stream: name, sequence }),
      erase: (erasure) => this.#erasures.add(erasure),
    });
    const stream = new FileStoredStream(messages, {
      log: this.log,
      assetDirty: (asset) => this.#dirtyAssets.add(asset),
      deleted: (gone) => {
        this.#streams.delete(gone.id);
        this.#dirtyStreams.delete(gone.messages);
        this.#extended.delete(gone.messages);
      },
    });
    this.#streams.set(id, stream);
    return stream;
  }

  get streams(): ReadonlyMap<number, FileStoredStream> {
    return this.#streams;
  }

  accounted(change: number): void {
    this.#fileBytes += change;
  }

  /** A message's record moved to another segment before it was durable. */
  moved(move: { stream: number; sequence: number; from: Segment; to: Segment; offset: number }): void {
    this.#erasures.moved(move);
    move.from.appended -= 1;
    move.to.appended += 1;
    const messages = this.#streams.get(move.stream)?.messages;
    const index = messages?.index;
    if (messages !== undefined) {
      this.#extended.add(messages);
    }
    if (index?.has(move.sequence) === true && index.placeOf(move.sequence).place === move.from.id) {
      index.relocate(move.sequence, move.to.id, move.offset);
      const size = index.sizeOf(move.sequence);
      move.from.releaseMessage(size);
      move.to.holdMessage(size, move.stream);
    }
  }

  /** Writes a checkpoint and unlinks the segments that neither of the two checkpoints needs. */
  checkpoint(): void {
    this.#space.checkpoint();
  }

  /** Why the last checkpoint could not be written; the log alone is enough, it only grows. */
  get checkpointFailure(): unknown {
    return this.#space.failure;
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    try {
      this.#isClosing = true;
      await this.#space.stop();
      await this.log.landing();
      this.commit();
      this.log.sync();
      this.log.writeMarker();
      if (!this.#space.isCheckpointed) {
        this.checkpoint();
      }
      this.log.trim();
    } finally {
      this.abandon();
      await this.log.settle();
    }
  }

  abandon(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#driver.stop();
    void this.#space.stop();
    this.log.closeFiles();
    void this.log.settle();
    this.#options.lock.release();
  }

  #flush(): void {
    // Before the removals, which may take what is not found otherwise.
    this.#tellLasts();
    for (const stream of this.#dirtyStreams) {
      stream.flush();
    }
    this.#dirtyStreams.clear();
    for (const asset of this.#dirtyAssets) {
      asset.flush();
    }
    this.#dirtyAssets.clear();
    this.#erasures.keepIds((id) => (this.#streams.get(id)?.messages.messageIdWindowNs ?? 0n) > 0n);
  }

  /** Of the streams that the header of the batch does not name. */
  #tellLasts(): void {
    const { log } = this;
    const others = [...this.#extended].filter((stream) => stream !== log.newest);
    this.#extended.clear();
    if (others.length > 0) {
      log.append(lastSequencesRecord(others));
    }
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new StoreError("closed", "the store is closed");
    }
  }
}
