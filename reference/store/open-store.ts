/**
 * Opens a store: checks the directory, takes the lock, reads checkpoint and log, and only then changes anything.
 *
 *    <directory>/store.json      {"store":"streamproof","format":1}
 *    <directory>/checkpoint-a, checkpoint-b
 *    <directory>/log/0000000001.log …
 *    <directory>/streams/0000000001.sorted …
 */
import type { Disk, DiskFile, DiskLock } from "../ports.ts";
import { attempt } from "./commit-driver.ts";
import type { FileStore } from "./file-store.ts";
import { finishStreams, type LoadedStore, loadStore, type StoreOptions, sortDamage } from "./load-store.ts";
import { type NamedDamage, nameDamage } from "./named-damage.ts";
import { finishErasure } from "./record-eraser.ts";
import { segmentName } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";
import {
  claimDirectory,
  logDirectory,
  logName,
  makeDurableDirectory,
  settleDirectory,
  sortedDirectory,
  sortedName,
} from "./store-directory.ts";
import { StoreError } from "./store-error.ts";
import type { RecoveredStream } from "./stream-store.ts";

export type { StoreOptions } from "./load-store.ts";

/** What recovery found, for the log, the health endpoint and the tests. */
export interface RecoveryReport {
  readonly segments: number;
  readonly records: number;
  /** Generation of the checkpoint in use, 0 when the whole log was read. */
  readonly checkpoint: number;
  readonly damagedCheckpoints: readonly string[];
  /** Bytes behind the end of the log: a torn tail, or commits that were never synced. */
  readonly cutBytes: number;
  /** Of files that were taken at their index footers' word, because the store is larger than what an opening checks. */
  readonly uncheckedBytes: number;
  readonly damage: readonly Damage[];
  /** The same in words, with damaged checkpoints and missing files. */
  readonly named: readonly NamedDamage[];
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

const rewriteBytes = 256 * 1024;

export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const { lock, isNew } = await claimDirectory(options.disk, options.directory);
  try {
    return recover(options, lock, isNew);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function recover(options: StoreOptions, lock: DiskLock, isNew: boolean): OpenedStore {
  const { directory, disk } = options;
  if (isNew) {
    settleDirectory(disk, directory);
  }
  const loaded = loadStore(options, lock);
  const { store, state, recovered } = loaded;
  refuseIncomplete(disk, directory, loaded);
  if (!isNew) {
    settleDirectory(disk, directory);
  }
  makeDurable(disk, directory, loaded);
  store.log.resume(recovered);
  store.resume({ lastStream: state.lastStream, streams: state.streams, nextSorted: recovered.sorted.next });
  const streams = finishStreams(loaded);
  const { damage, tornErasures } = sortDamage(loaded);
  const named = nameDamage(loaded);
  for (const { segment, found } of tornErasures) {
    finishErasure(disk, segment, found);
  }
  if (loaded.damagedCheckpoints.length > 0) {
    // The bad copy is made anew before the good one can go bad, too.
    attempt(() => store.checkpoint());
  }
  store.begin();
  return { store, streams, report: describe({ loaded, damage, named, healed: tornErasures.length, streams }) };
}

/** The end of the log is not there: what opening would write could never be told from what is missing. */
function refuseIncomplete(disk: Disk, directory: string, { recovered: { missingEnd }, checkpoint }: LoadedStore): void {
  if ((checkpoint?.nextSorted ?? 1) > 1 && !disk.list(directory).some(({ name }) => name === sortedName)) {
    throw new StoreError(
      "incomplete",
      `${directory} is incomplete: the directory ${sortedName}, to which a checkpoint's messages were sorted, is not there. Was it copied half?`,
    );
  }
  if (missingEnd !== undefined) {
    throw new StoreError(
      "incomplete",
      `${directory} is incomplete: its log ends before ${logName}/${segmentName(missingEnd)}, which a checkpoint names. ` +
        "Was it copied half? `streamproof store salvage` rescues what is there",
    );
  }
}

/**
 * After a kill the tail may be only in the page cache. It is going to be seen, so it is written again and synced first: when the sync of the
 * process before had failed, the system believes that these pages are clean, and a sync alone would leave them where they are. The segments
 * before the last two, and everything before the checkpoint, were synced. Files that are not part of the log go away.
 */
function makeDurable(disk: Disk, storeDirectory: string, { recovered, checkpoint, store }: LoadedStore): void {
  const directory = logDirectory(storeDirectory);
  const from = checkpoint?.position ?? { segment: 0, offset: 0 };
  for (const segment of [...store.log.segments.values()].filter(({ isSorted }) => !isSorted).slice(-2)) {
    const file = disk.open(segment.path, "read-write");
    try {
      if (segment.id >= from.segment) {
        rewrite(file, segment.id === from.segment ? from.offset : 0, segment.tail);
      }
      file.sync();
      // Zeros that were made ready and not used; anything else behind the end is left as it is.
      if (recovered.cutBytes === 0 && file.size() > segment.tail && !segment.damaged && !segment.hasFooter) {
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
  // Names of sorted files that a killed process gave, and did not make durable.
  for (const path of recovered.sorted.void) {
    disk.unlink(path);
  }
  if (disk.list(storeDirectory).some(({ name }) => name === sortedName)) {
    makeDurableDirectory(disk, sortedDirectory(storeDirectory));
    disk.syncDirectory(sortedDirectory(storeDirectory));
  }
}

/** The same bytes to the same place: what is on the disk already does not change, whenever the power goes. */
function rewrite(file: DiskFile, from: number, to: number): void {
  const block = new Uint8Array(Math.min(rewriteBytes, Math.max(0, to - from)));
  for (let at = from; at < to; at += block.length) {
    const length = file.read(block.subarray(0, Math.min(block.length, to - at)), at);
    file.write(block.subarray(0, length), at);
  }
}

function describe({
  loaded: { checkpoint, damagedCheckpoints, recovered, state, store },
  damage,
  named,
  healed,
  streams,
}: {
  loaded: LoadedStore;
  damage: readonly Damage[];
  named: readonly NamedDamage[];
  healed: number;
  streams: readonly RecoveredStream[];
}): RecoveryReport {
  const lost = streams
    .map(({ definition, stream }) => ({
      stream: definition.name,
      account: definition.account,
      sequences: Array.from(stream.messages.lostSequences()),
    }))
    .filter(({ sequences }) => sequences.length > 0);
  return {
    segments: store.log.segments.size,
    records: state.records,
    checkpoint: checkpoint?.generation ?? 0,
    damagedCheckpoints,
    cutBytes: recovered.cutBytes,
    uncheckedBytes: recovered.uncheckedBytes,
    damage,
    named,
    healed,
    lost,
    rebuilt: state.rebuilt,
  };
}
