/**
 * Reads a store from its directory into memory: checkpoint, log, streams. Nothing on the disk is changed here, so that opening a store and
 * looking at one (`streamproof store verify`) see the same; what opening repairs comes after.
 */
import type { Clock, Disk, DiskLock, Random } from "../ports.ts";
import { type Checkpoint, readCheckpoints } from "./checkpoint.ts";
import { CommitLog } from "./commit-log.ts";
import { type CommitPacing, MeasuredPacing } from "./commit-pacing.ts";
import { FileStore, type SyncPolicy } from "./file-store.ts";
import { LogFrames } from "./log-frames.ts";
import { LogReader } from "./log-reader.ts";
import { LogReserve } from "./log-reserve.ts";
import { recordKind } from "./record.ts";
import { type RecoveredLog, recoverLog } from "./recovery.ts";
import { type RecoveringStream, RecoveryState } from "./recovery-state.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";
import { logDirectory, sortedDirectory } from "./store-directory.ts";
import type { RecoveredStream } from "./stream-store.ts";

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
  /** Whether commits block the turn; without it, as the disk's speed is measured. */
  readonly pacing?: CommitPacing;
  /**
   * As much is checked record by record when the store is opened, default 1 GiB, the newest first; what is older is taken at its index
   * footers' word, and checked when it is read.
   */
  readonly checkedAtOpenBytes?: number;
  /** Keep a preallocated segment for a full disk, default false. */
  readonly reserve?: boolean;
  /** Told before each segment is read. */
  readonly reading?: (progress: { readonly segment: number; readonly at: number; readonly of: number }) => void;
}

export interface LoadedStore {
  readonly store: FileStore;
  readonly reader: LogReader;
  readonly state: RecoveryState;
  readonly recovered: RecoveredLog;
  readonly checkpoint: Checkpoint | undefined;
  readonly damagedCheckpoints: readonly string[];
}

const defaultSegmentBytes = 8 * 1024 * 1024;
const defaultCheckedBytes = 1024 * 1024 * 1024;
const defaultCacheBytes = 64 * 1024 * 1024;

export function loadStore(options: StoreOptions, lock: DiskLock): LoadedStore {
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
    reserve:
      options.reserve === true
        ? new LogReserve({
            disk,
            directory: logDirectory(directory),
            segmentBytes,
            clock,
            changed: () => store.onFullChange?.(store.isFull),
            makeRoom: (release) => store.makeRoom(release),
          })
        : undefined,
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
    pacing: options.pacing ?? new MeasuredPacing(),
    segmentBytes,
    checkpointSegments,
    checkpoints,
  });
  const state = new RecoveryState(
    {
      nowNs: clock.nowNs(),
      newStream: (id, definition) => store.adoptStream(id, definition),
    },
    checkpoint,
  );
  const recovered = recoverLog({
    disk,
    directory: logDirectory(directory),
    sortedDirectory: sortedDirectory(directory),
    checkpoint,
    checkedMax: options.checkedAtOpenBytes ?? defaultCheckedBytes,
    state,
    segments: log.segments,
    reading: options.reading,
  });
  return { store, reader, state, recovered, checkpoint, damagedCheckpoints: damaged };
}

/** Makes the streams whole, after `store.resume`: links, totals, consumers. */
export function finishStreams({ state, store }: LoadedStore): RecoveredStream[] {
  return [...state.streams.values()].sort((a, b) => a.stored.id - b.stored.id).map((stream) => finish(stream, store));
}

/**
 * Tells damage that costs something from torn overwrites of removed messages, which harm nobody and only want to be finished. A segment with
 * damage is marked, so that it is never deleted. Needs finished streams.
 */
export function sortDamage({ store, recovered }: LoadedStore): {
  damage: Damage[];
  tornErasures: { segment: Segment; found: Damage }[];
} {
  const damage: Damage[] = [];
  const tornErasures: { segment: Segment; found: Damage }[] = [];
  for (const found of recovered.damage) {
    const segment = store.log.segments.get(found.segment);
    const messages = store.streams.get(found.stream ?? 0)?.messages;
    const sequence = found.sequence ?? 0;
    const removed = found.kind === recordKind.message && messages?.isLost(sequence) !== true && messages?.has(sequence) !== true;
    if (segment !== undefined && removed) {
      tornErasures.push({ segment, found });
    } else {
      damage.push(found);
    }
  }
  for (const segment of store.log.segments.values()) {
    segment.damaged = damage.some(
      (one) => one.segment === segment.id && one.kind !== recordKind.footer && one.kind !== recordKind.footerEnd,
    );
  }
  return { damage, tornErasures };
}

function finish(recovering: RecoveringStream, store: FileStore): RecoveredStream {
  const { stored, restore, assets, messageIds } = recovering;
  const { messages } = stored;
  let segment: Segment | undefined;
  restore.finish((place, size) => {
    segment = segment?.id === place ? segment : store.log.segments.get(place);
    segment?.holdMessage(size, stored.id);
  });
  if (recovering.rebuilt) {
    for (const sequence of Array.from(messages.lostSequences())) {
      messages.index.forgive(sequence);
    }
  }
  store.accounted(messages.index.bytes);
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
