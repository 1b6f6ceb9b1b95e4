/** The files of a stopped store: which there are, where their data ends, and copies of them to compare with and to put back. */
import { closeSync, cpSync, fstatSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { makeInstanceFolder } from "../instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../live.ts";
import { type Instance, TargetError } from "../target.ts";
import { fits } from "./file-fault.ts";

export const pageBytes = 4096;

export interface StoreFile {
  /** Relative to the data folder. */
  readonly path: string;
  readonly bytes: number;
  /** Up to and with the last byte that is not zero. */
  readonly dataBytes: number;
}

/** The data folder of a server that is down; refuses one that runs, whose files change under one's hands. */
export function stoppedStore(instance: Instance): string {
  const title = `target "${instance.target.name}"`;
  const lack = instance.capabilities.missing.get("store-files");
  if (lack !== undefined || instance.dataDirectory === undefined) {
    throw new TargetError("TARGET_CAPABILITY_MISSING", `${title}: ${lack ?? "it has no data folder"}`);
  }
  if (instance.pid !== undefined) {
    throw new TargetError("TARGET_FAULT_FAILED", `${title} runs as process ${instance.pid}; stop or kill it before its files are touched`);
  }
  return instance.dataDirectory;
}

/** Sorted by path, so that a seed finds the same ones again. */
export function listFiles(folder: string, pattern = "**"): StoreFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => fits(pattern, path))
    .sort()
    .map((path) => ({ path, ...measure(join(folder, path)) }));
}

function measure(file: string): { bytes: number; dataBytes: number } {
  const descriptor = openSync(file, "r");
  try {
    const bytes = fstatSync(descriptor).size;
    const chunk = Buffer.alloc(16 * pageBytes);
    for (let end = bytes; end > 0; end -= chunk.length) {
      const start = Math.max(end - chunk.length, 0);
      const length = readSync(descriptor, chunk, 0, end - start, start);
      const last = chunk.subarray(0, length).findLastIndex((byte) => byte !== 0);
      if (last >= 0) {
        return { bytes, dataBytes: start + last + 1 };
      }
    }
    return { bytes, dataBytes: 0 };
  } finally {
    closeSync(descriptor);
  }
}

/** The files of a store as they were. Remove it when it is not needed any more. */
export interface EarlierStore {
  readonly directory: string;
  dispose(): Promise<void>;
}

/** A copy of a stopped store: what an old page is taken from, and what puts a damaged store back. */
export interface StoreCopy extends EarlierStore {
  /** Makes the data folder what it was. The server must be down. */
  restore(): Promise<void>;
}

export async function copyStore(instance: Instance): Promise<StoreCopy> {
  const store = stoppedStore(instance);
  const copy = keptFolder();
  await cp(store, copy.directory, { recursive: true, preserveTimestamps: true });
  return {
    ...copy,
    restore: async () => {
      const to = stoppedStore(instance);
      // The folder itself stays: it may be all that the server's configuration expects to exist.
      await Promise.all(readdirSync(to).map((name) => rm(join(to, name), { recursive: true, force: true })));
      cpSync(copy.directory, to, { recursive: true, preserveTimestamps: true });
    },
  };
}

/** The store as it is at one instant of a running server: a server that is stopped first may begin new files, and then no page of the old ones is stale. */
export async function copyOfRunning(instance: Instance): Promise<EarlierStore> {
  const copy = keptFolder();
  await instance.pause();
  try {
    await cp(instance.dataDirectory ?? "", copy.directory, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  } finally {
    await instance.resume();
  }
  return copy;
}

/** Deletes the files that fit, as a server that crashed before it wrote them would leave the store. Says what it did. */
export function removeFiles(instance: Instance, pattern: string): string {
  const folder = stoppedStore(instance);
  const files = listFiles(folder, pattern);
  for (const { path } of files) {
    rmSync(join(folder, path));
  }
  return `${files.length} files that fit ${pattern} were deleted`;
}

/** A place for a copy that is gone with the tool, however that ends. */
function keptFolder(): EarlierStore {
  const folder = makeInstanceFolder();
  const live: Live = {
    dispose: async () => {
      await rm(folder, { recursive: true, force: true });
      forgetLive(live);
    },
    disposeNow: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  keepLive(live);
  return { directory: join(folder, "copy"), dispose: () => live.dispose() };
}
