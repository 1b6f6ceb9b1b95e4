/**
 * Opens a store: checks the directory, takes the lock, reads checkpoint and log, and only then changes anything.
 *
 *    <directory>/store.json      {"store":"streamproof","format":1}
 *    <directory>/checkpoint-a, checkpoint-b
 *    <directory>/log/0000000001.log …
 */
import type { Clock, Disk, DiskLock, Random } from "../ports.ts";
import { type Checkpoint, readCheckpoints } from "./checkpoint.ts";
import { CommitLog } from "./commit-log.ts";
import { FileStore, type SyncPolicy } from "./file-store.ts";
import { LogFrames } from "./log-frames.ts";
import { LogReader } from "./log-reader.ts";
import { recordKind } from "./record.ts";
import { finishErasure } from "./record-eraser.ts";
import { type RecoveredLog, recoverLog } from "./recovery.ts";
import { type RecoveringStream, RecoveryState } from "./recovery-state.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";
import { claimDirectory, logDirectory } from "./store-directory.ts";
import type { RecoveredStream, Subject } from "./stream-store.ts";
import { SubjectInterner } from "./subject-interner.ts";

export interface StoreOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly syncPolicy: SyncPolicy;
  readonly segmentBytes?: number;
  readonly cacheBytes?: number;
  /** Filled segments between checkpoints, default 8. */
  readonly checkpointSegments?: number;
  /** Gives the one object that the server uses for a subject; without it the store makes its own. */
  readonly intern?: (text: string) => Subject;
}

/** What recovery found, for the log, the health endpoint and the tests. */
export interface RecoveryReport {
  readonly segments: number;
  readonly records: number;
  /** Generation of the checkpoint in use, 0 when the whole log was read. */
  readonly checkpoint: number;
  readonly damagedCheckpoints: readonly string[];
  /** Bytes behind the end of the log: a torn tail, or commits that were never synced. */
  readonly cutBytes: number;
  readonly damage: readonly Damage[];
  /** Damaged records of messages that had been removed: overwrites torn by a power cut, finished now. */
  readonly healed: number;
  readonly lost: readonly { readonly stream: string; readonly account: string; readonly sequences: readonly number[] }[];
  /** Streams put together from their messages, because no checkpoint could be read. */
  readonly rebuilt: readonly string[];
}

export interface OpenedStore {
  readonly store: FileStore;
  readonly streams: readonly RecoveredStream[];
  readonly report: RecoveryReport;
}

const defaultSegmentBytes = 8 * 1024 * 1024;
const defaultCacheBytes = 64 * 1024 * 1024;

export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const lock = await claimDirectory(options.disk, options.directory);
  try {
    return recover(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function recover(options: StoreOptions, lock: DiskLock): OpenedStore {
  const { directory, disk, clock } = options;
  const segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
  const cacheBytes = options.cacheBytes ?? defaultCacheBytes;
  const { checkpoints, damaged } = readCheckpoints(disk, directory);
  const [checkpoint] = checkpoints;
  // Half of the cache keeps the newest segments as they were written, half holds blocks of older ones.
  const log = new CommitLog({
    disk,
    directory: logDirectory(directory),
    segmentBytes,
    frames: new LogFrames(segmentBytes, Math.floor(cacheBytes / 2 / segmentBytes)),
    moved: (move) => store.moved(move),
    createdNs: () => clock.nowNs(),
  });
  const reader = new LogReader(disk, cacheBytes / 2);
  const checkpointSegments = options.checkpointSegments ?? 8;
  const store = new FileStore({
    directory,
    disk,
    clock,
    syncPolicy: options.syncPolicy,
    lock,
    log,
    reader,
    segmentBytes,
    checkpointSegments,
    checkpoints,
  });
  const state = new RecoveryState(
    {
      interner: new SubjectInterner(options.intern),
      nowNs: clock.nowNs(),
      newStream: (id, definition) => store.adoptStream(id, definition),
    },
    checkpoint,
  );
  const recovered = recoverLog({ disk, directory: logDirectory(directory), checkpoint, state, segments: log.segments });
  makeDurable(disk, logDirectory(directory), recovered, log.segments);
  log.resume(recovered);
  store.resume(state);
  const streams = [...state.streams.values()].map((stream) => finish(stream, store));
  const { damage, healed } = healErasures(disk, store, recovered.damage);
  return {
    store,
    streams,
    report: report({ checkpoint, damaged, recovered, damage, healed, state, streams, segments: log.segments.size }),
  };
}

/**
 * After a kill the tail may be only in the page cache. It is going to be seen, so it is synced first; the segments before the last two
 * were synced before the last was begun. Files that are not part of the log go away.
 */
function makeDurable(disk: Disk, directory: string, recovered: RecoveredLog, segments: ReadonlyMap<number, Segment>): void {
  for (const segment of [...segments.values()].slice(-2)) {
    const file = disk.open(segment.path, "read-write");
    try {
      file.sync();
      // Zeros that were made ready and not used; anything else behind the end is left as it is.
      if (recovered.cutBytes === 0 && file.size() > segment.tail && !segment.damaged) {
        file.truncate(segment.tail);
      }
    } finally {
      file.close();
    }
  }
  for (const path of recovered.void) {
    disk.unlink(path);
  }
  disk.syncDirectory(directory);
}

/** Damage to a removed message harms nobody. What remains is worth telling, and keeps its segment from ever being deleted. */
function healErasures(disk: Disk, store: FileStore, found: readonly Damage[]): { damage: Damage[]; healed: number } {
  const damage: Damage[] = [];
  let healed = 0;
  for (const one of found) {
    const segment = store.log.segments.get(one.segment);
    const messages = store.streams.get(one.stream ?? 0)?.messages;
    const sequence = one.sequence ?? 0;
    const removed = one.kind === recordKind.message && messages?.isLost(sequence) !== true && messages?.has(sequence) !== true;
    if (segment !== undefined && removed) {
      finishErasure(disk, segment, one);
      healed += 1;
    } else {
      damage.push(one);
    }
  }
  for (const segment of store.log.segments.values()) {
    segment.damaged = damage.some((one) => one.segment === segment.id);
  }
  return { damage, healed };
}

function finish(recovering: RecoveringStream, store: FileStore): RecoveredStream {
  const { stored, restore, assets, messageIds } = recovering;
  const { messages } = stored;
  restore.finish();
  if (recovering.rebuilt) {
    for (const sequence of Array.from(messages.lostSequences())) {
      messages.index.forgive(sequence);
    }
  }
  store.accounted(messages.index.bytes);
  for (let sequence = messages.index.nextStored(1); sequence !== 0; sequence = messages.index.nextStored(sequence + 1)) {
    store.log.segments.get(messages.index.placeOf(sequence).place)?.holdMessage(messages.index.sizeOf(sequence));
  }
  const { account, name, createdNs, config } = messages;
  return {
    definition: { account, name, storage: "file", firstSequence: recovering.firstSequence, createdNs, config },
    stream: stored,
    assets: [...assets].map(([id, { name: assetName, base, baseIs, records }]) => ({
      asset: stored.adoptAsset(id, assetName, { base, baseIs, records: [...records] }),
      base,
      baseIs,
      records,
    })),
    messageIds: distinct(messageIds, stored.messages.messageIdWindowNs === 0n),
  };
}

/** A record that moved is in the log twice. */
function distinct<T extends { sequence: number }>(ids: readonly T[], none: boolean): T[] {
  const bySequence = new Map(none ? [] : ids.map((id) => [id.sequence, id]));
  return [...bySequence.values()].sort((a, b) => a.sequence - b.sequence);
}

function report(found: {
  checkpoint: Checkpoint | undefined;
  damaged: readonly string[];
  recovered: RecoveredLog;
  damage: readonly Damage[];
  healed: number;
  state: RecoveryState;
  streams: readonly RecoveredStream[];
  segments: number;
}): RecoveryReport {
  const lost = found.streams
    .map(({ definition, stream }) => ({
      stream: definition.name,
      account: definition.account,
      sequences: Array.from(stream.messages.lostSequences()),
    }))
    .filter(({ sequences }) => sequences.length > 0);
  return {
    segments: found.segments,
    records: found.state.records,
    checkpoint: found.checkpoint?.generation ?? 0,
    damagedCheckpoints: found.damaged,
    cutBytes: found.recovered.cutBytes,
    damage: found.damage,
    healed: found.healed,
    lost,
    rebuilt: found.state.rebuilt,
  };
}
