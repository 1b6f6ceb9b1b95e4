/**
 * Makes a sound new store of everything that can be read in a damaged one. Records keep their sequences, times and message ids; lost
 * sequences become deleted ones, and the report names them. The new store is built beside its place and gets its name when it was read
 * back without damage, so an interrupted salvage never looks like a store.
 */
import type { Clock, Disk, Random } from "../ports.ts";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.ts";
import { describeStream } from "./checkpoint-stream.ts";
import { CommitLog } from "./commit-log.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import type { LoadedStore } from "./load-store.ts";
import { LogFrames } from "./log-frames.ts";
import { rangesOf, type SequenceRange } from "./named-damage.ts";
import { type RecordReader, recordKind } from "./record.ts";
import { SegmentLoader } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { scanSegment } from "./segment-scan.ts";
import { spareName } from "./segment-spare.ts";
import { listOrNothing, logDirectory, makeDurableDirectory, settleDirectory } from "./store-directory.ts";
import { StoreError } from "./store-error.ts";
import { type Inspection, inspectStore } from "./store-inspection.ts";

export interface SalvageOptions {
  /** Must not exist or be empty; becomes a directory that a server can be given, with the store as `jetstream` in it. */
  readonly out: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly segmentBytes?: number;
  readonly copying?: (progress: { readonly at: number; readonly of: number }) => void;
}

export interface SalvageReport {
  /** The new store. */
  readonly directory: string;
  readonly streams: readonly SalvagedStream[];
}

export interface SalvagedStream {
  readonly account: string;
  readonly name: string;
  readonly messages: number;
  readonly consumers: number;
  readonly lost: readonly SequenceRange[];
}

const defaultSegmentBytes = 8 * 1024 * 1024;
/** Copied between two syncs. */
const batchBytes = 1024 * 1024;

export async function salvageStore(from: Inspection, options: SalvageOptions): Promise<SalvageReport> {
  const { disk, out } = options;
  if (listOrNothing(disk, out).length > 0) {
    throw new StoreError("foreign-files", `${out} is not empty; name a directory that does not exist yet`);
  }
  try {
    return await buildCopy(from, options);
  } catch (error) {
    if (error instanceof StoreError) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError("write-failed", `${out} can't be written: ${reason}; the source is untouched`, { cause: error });
  }
}

async function buildCopy(from: Inspection, options: SalvageOptions): Promise<SalvageReport> {
  const { disk, out } = options;
  const directory = `${out}/jetstream`;
  const building = `${directory}.partial`;
  makeDurableDirectory(disk, logDirectory(building));
  const streams = [...from.loaded.store.streams.values()].map(forgiveLosses);
  await copyStore(from, building, options);
  settleDirectory(disk, building);
  await proveSound(building, streams, options);
  disk.rename(building, directory);
  disk.syncDirectory(out);
  return { directory, streams };
}

/** From here on the sequences count as deleted. */
function forgiveLosses(stream: FileStoredStream): SalvagedStream {
  const { messages, assets } = stream;
  const lost = Array.from(messages.lostSequences());
  for (const sequence of lost) {
    messages.index.forgive(sequence);
  }
  const { account, name, state } = messages;
  return { account, name, messages: state.messages, consumers: assets.size, lost: rangesOf(lost) };
}

async function copyStore({ loaded, disk: source }: Inspection, directory: string, options: SalvageOptions): Promise<void> {
  const { disk, clock, segmentBytes = defaultSegmentBytes } = options;
  const log = new CommitLog({
    disk,
    directory: logDirectory(directory),
    segmentBytes,
    frames: new LogFrames(segmentBytes, 2),
    moved: () => {},
    createdNs: () => clock.nowNs(),
  });
  try {
    const copy = new Copy(log, loaded, clock.nowNs());
    const loader = new SegmentLoader(source);
    const segments = [...loaded.store.log.segments.values()];
    for (const [at, segment] of segments.entries()) {
      options.copying?.({ at: at + 1, of: segments.length });
      copy.segment(loader, segment);
    }
    copy.finish();
    writeCheckpoints(disk, directory, log, loaded);
    log.trim();
  } finally {
    log.closeFiles();
    await log.settle();
  }
  if (listOrNothing(disk, logDirectory(directory)).some(({ name }) => name === spareName)) {
    disk.unlink(`${logDirectory(directory)}/${spareName}`);
  }
  disk.syncDirectory(logDirectory(directory));
}

class Copy {
  readonly #log: CommitLog;
  readonly #streams: ReadonlyMap<number, FileStoredStream>;
  readonly #nowNs: bigint;
  /** Segment of the new log in which a stream last said who it is. */
  readonly #identified = new Map<number, number>();
  #uncommitted = 0;

  constructor(log: CommitLog, loaded: LoadedStore, nowNs: bigint) {
    this.#log = log;
    this.#streams = loaded.store.streams;
    this.#nowNs = nowNs;
    for (const stream of this.#streams.values()) {
      this.#identify(stream, recordKind.streamCreate);
    }
  }

  segment(loader: SegmentLoader, segment: Segment): void {
    const content = loader.load(segment, segment.capacity);
    scanSegment({
      content,
      trusted: segment.tail,
      syncedAtLeast: 0,
      apply: (offset) => this.#record(content.reader.at(offset), segment, offset),
      damaged: () => {},
    });
  }

  finish(): void {
    this.#log.commit(true);
    this.#log.writeMarker();
  }

  #record(record: RecordReader, segment: Segment, offset: number): void {
    const stream = this.#streams.get(record.stream);
    if (stream === undefined) {
      return;
    }
    if (record.kind === recordKind.messageId) {
      this.#id(record, stream);
    }
    if (record.kind !== recordKind.message) {
      return;
    }
    const { index } = stream.messages;
    const { sequence, timeNs, messageId } = record;
    const isStored = index.has(sequence);
    const place = index.placeOf(sequence);
    if (isStored && (place.place !== segment.id || place.offset !== offset)) {
      return;
    }
    if (isStored) {
      const { subject, headers, payload } = record;
      this.#append(stream, { kind: recordKind.message, stream: stream.id, sequence, timeNs, subject, headers, payload, messageId });
    } else {
      this.#id(record, stream);
    }
  }

  /** The message is gone, its id may still count. */
  #id({ sequence, timeNs, messageId }: RecordReader, stream: FileStoredStream): void {
    if (messageId !== undefined && timeNs + stream.messages.messageIdWindowNs > this.#nowNs) {
      this.#append(stream, { kind: recordKind.messageId, stream: stream.id, sequence, timeNs, messageId });
    }
  }

  #append(stream: FileStoredStream, input: Parameters<CommitLog["append"]>[0]): void {
    if (this.#identified.get(stream.id) !== this.#log.openId) {
      this.#identify(stream, recordKind.streamIdentity);
    }
    this.#log.append(input);
    this.#uncommitted += (input.headers?.length ?? 0) + (input.payload?.length ?? 0) + 128;
    if (this.#uncommitted > batchBytes) {
      this.#log.commit(true);
      this.#uncommitted = 0;
    }
  }

  #identify({ id, messages }: FileStoredStream, kind: number): void {
    this.#log.append(messages.identity(kind));
    this.#identified.set(id, this.#log.openId);
  }
}

/** Both copies at once: a store that was damaged before gets no weak first day. */
function writeCheckpoints(disk: Disk, directory: string, log: CommitLog, { store, state }: LoadedStore): void {
  const streams = [...store.streams.values()].map(describeStream);
  const lastStream = Math.max(state.lastStream, ...store.streams.keys());
  const checkpoint: Omit<Checkpoint, "generation"> = {
    position: log.end,
    nextBatch: log.nextBatch,
    lastStream,
    nextSorted: 1,
    sorted: [],
    streams,
  };
  for (const generation of [1, 2]) {
    writeCheckpoint(disk, directory, { ...checkpoint, generation });
  }
}

/** What was written is read back: a salvage that is not whole gets no name. */
async function proveSound(directory: string, expected: readonly SalvagedStream[], { disk, clock, random }: SalvageOptions): Promise<void> {
  const inspection = await inspectStore({ directory, disk, clock, random });
  try {
    const found = new Map(inspection.streams.map(({ definition, stream, assets }) => [keyOf(definition), { stream, assets }]));
    const isWhole = expected.every((stream) => {
      const copy = found.get(keyOf(stream));
      return copy?.stream.messages.state.messages === stream.messages && copy.assets.length === stream.consumers;
    });
    if (inspection.damage.length > 0 || !isWhole) {
      throw new StoreError("write-failed", `${directory} was written but does not read back whole; the source is untouched`);
    }
  } finally {
    inspection.release();
  }
}

function keyOf({ account, name }: { readonly account: string; readonly name: string }): string {
  return `${account} ${name}`;
}
