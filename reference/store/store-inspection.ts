/**
 * Looks at a store without changing it: the same reading as when it is opened, on a disk that can't be written. The directory is held
 * meanwhile, so that no server changes it under the reader. In memory are one segment and the index that a server would hold.
 */
import type { Clock, Disk, Random } from "../ports.ts";
import { finishStreams, type LoadedStore, loadStore, type StoreOptions } from "./load-store.ts";
import { type NamedDamage, nameDamage } from "./named-damage.ts";
import { readOnlyDisk } from "./read-only-disk.ts";
import { identifyDirectory, listOrNothing, takeLock } from "./store-directory.ts";
import { StoreError } from "./store-error.ts";
import { storeFormat } from "./store-format.ts";
import type { RecoveredStream } from "./stream-store.ts";

export interface InspectionOptions {
  /** The store itself, or the directory that a server was given and that holds it as `jetstream`. */
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly reading?: StoreOptions["reading"];
}

export interface Inspection {
  /** Where the store is. */
  readonly directory: string;
  readonly format: number;
  /** Reads only. */
  readonly disk: Disk;
  readonly loaded: LoadedStore;
  readonly streams: readonly RecoveredStream[];
  readonly damage: readonly NamedDamage[];
  /** What is worth knowing and no damage. */
  readonly notes: readonly string[];
  release(): void;
}

/** Enough for reading record by record. */
const cacheBytes = 4 * 1024 * 1024;

export async function inspectStore({ directory: given, disk: writable, clock, random, reading }: InspectionOptions): Promise<Inspection> {
  const disk = readOnlyDisk(writable);
  const directory = storeIn(disk, given);
  const marker = identifyDirectory(disk, directory);
  const lock = await takeLock(disk, directory);
  try {
    const options = { directory, disk, clock, random, syncPolicy: "always", cacheBytes } as const;
    const loaded = loadStore(reading === undefined ? options : { ...options, reading }, lock);
    const { lastStream, streams: found } = loaded.state;
    loaded.store.resume({ lastStream, streams: found, nextSorted: loaded.recovered.sorted.next });
    const streams = finishStreams(loaded);
    const markerDamage: NamedDamage[] = marker.state === "sound" || marker.state === "older" ? [] : [markerProblem(marker.state)];
    return {
      directory,
      format: marker.format,
      disk,
      loaded,
      streams,
      damage: [...markerDamage, ...nameDamage(loaded)],
      notes: [...(marker.state === "older" ? [olderFormat] : []), ...notesOn(loaded, disk, directory)],
      release: () => loaded.store.abandon(),
    };
  } catch (error) {
    lock.release();
    throw error instanceof StoreError ? error : unreadable(directory, error);
  }
}

function storeIn(disk: Disk, given: string): string {
  const directory = given.length > 1 && given.endsWith("/") ? given.slice(0, -1) : given;
  const inside = `${directory}/jetstream`;
  try {
    const names = disk.list(directory).map(({ name }) => name);
    return !names.includes("log") && !names.includes("store.json") && names.includes("jetstream") ? inside : directory;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new StoreError("no-directory", `${directory} does not exist`, { cause: error });
    }
    throw unreadable(directory, error);
  }
}

function unreadable(directory: string, cause: unknown): StoreError {
  return new StoreError("unreadable", `${directory} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

const olderFormat = `its format is an older one: a server that opens it makes it one of format ${storeFormat}`;

function markerProblem(marker: "damaged" | "missing"): NamedDamage {
  const explanation = "the log says by itself what it is; the file is written anew";
  const what = marker === "missing" ? "marker that is not there" : "marker";
  return { file: "store.json", offset: 0, bytes: 0, what, recovery: "heals", explanation };
}

function notesOn({ recovered, state }: LoadedStore, disk: Disk, directory: string): string[] {
  const notes: string[] = [];
  if (recovered.cutBytes > 0) {
    notes.push(`${recovered.cutBytes} bytes behind the last complete commit: a torn tail, never acknowledged under sync_interval: always`);
  }
  if (state.rebuilt.length > 0) {
    notes.push(`put together from their messages, because no checkpoint could be read: ${state.rebuilt.join(", ")}`);
  }
  if (listOrNothing(disk, directory).some(({ name }) => name === "lock")) {
    notes.push("a lock file was left behind: by a crash, or by a server in another container that still runs");
  }
  return notes;
}
