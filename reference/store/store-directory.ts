/** The directory of a store: is it ours, can it be written, does somebody else use it? Nothing of ours or others' is changed before that is known. */
import type { Disk, DiskEntry, DiskLock } from "../ports.ts";
import { checkpointNames } from "./checkpoint.ts";
import { StoreError } from "./store-error.ts";
import { refuseUnreadable, storeFormat } from "./store-format.ts";

const markerName = "store.json";
export const logName = "log";
export const sortedName = "streams";
const ourNames = new Set([
  markerName,
  `${markerName}.new`,
  logName,
  sortedName,
  "probe",
  "lock",
  ...checkpointNames.flatMap((name) => [name, `${name}.new`]),
]);
/** What a freshly made file system or a desktop leaves in any directory. */
const harmlessNames = new Set(["lost+found", ".DS_Store"]);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function logDirectory(directory: string): string {
  return `${directory}/${logName}`;
}

/** Where the sorted files are; it comes with the first of them. */
export function sortedDirectory(directory: string): string {
  return `${directory}/${sortedName}`;
}

/** The directory is ours, or may become ours; nobody else has it, and it can be written. `isNew`: there is no store in it yet. */
export async function claimDirectory(disk: Disk, directory: string): Promise<{ lock: DiskLock; isNew: boolean }> {
  refuseForeign(disk, directory);
  makeDurableDirectory(disk, directory);
  const lock = await takeLock(disk, directory);
  try {
    const names = namesIn(disk, directory);
    checkMarker(disk, directory, names);
    probe(disk, directory);
    return { lock, isNew: !names.has(logName) && !checkpointNames.some((name) => names.has(name)) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Makes the directory what a store needs: after everything in it was read and understood, or at once in a new one. */
export function settleDirectory(disk: Disk, directory: string): void {
  if (checkMarker(disk, directory, namesIn(disk, directory)).state !== "sound") {
    writeMarker(disk, directory);
  }
  makeDurableDirectory(disk, logDirectory(directory));
}

/** For those who only look: is this a store that this version can read? Changes nothing; says what state its marker is in. */
export function identifyDirectory(disk: Disk, directory: string): FoundMarker {
  const names = new Set(listOrNothing(disk, directory).map((entry) => entry.name));
  const isStore = [markerName, logName, ...checkpointNames].some((name) => names.has(name));
  if (!isStore) {
    refuseForeign(disk, directory);
    throw new StoreError("no-directory", `${directory} holds no store`);
  }
  return checkMarker(disk, directory, names);
}

function namesIn(disk: Disk, directory: string): ReadonlySet<string> {
  return new Set(disk.list(directory).map((entry) => entry.name));
}

function refuseForeign(disk: Disk, directory: string): void {
  const entries = listOrNothing(disk, directory);
  const names = entries.map((entry) => entry.name);
  const foreign = entries.filter(({ name }) => !ourNames.has(name) && !harmlessNames.has(name));
  if (foreign.length === 0 || names.includes(markerName) || names.includes(logName)) {
    return;
  }
  if (foreign.some(({ name, kind }) => kind === "directory" && holdsStreams(disk, `${directory}/${name}`))) {
    throw new StoreError(
      "foreign-files",
      `${directory} holds streams in nats-server's own layout, which this server can't read; choose another`,
    );
  }
  const some = foreign.slice(0, 3).map(({ name }) => name);
  throw new StoreError("foreign-files", `${directory} is not a store and holds other files (${some.join(", ")}); choose another`);
}

/** nats-server keeps `<account>/streams/<stream>/…`. */
function holdsStreams(disk: Disk, path: string): boolean {
  return listOrNothing(disk, path).some(({ name, kind }) => name === "streams" && kind === "directory");
}

/** The entries of a directory that need not be there. */
export function listOrNothing(disk: Disk, directory: string): readonly DiskEntry[] {
  try {
    return disk.list(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return [];
    }
    throw unusable(directory, error);
  }
}

/**
 * Creates what is missing and makes every name on the way durable in its parent, the ones that are there already, too: a process that was
 * killed may have made them and not synced them.
 */
export function makeDurableDirectory(disk: Disk, path: string): void {
  const missing = new Set<string>();
  const onTheWay: string[] = [];
  for (let at = path; at !== "" && at !== "/"; at = at.slice(0, at.lastIndexOf("/"))) {
    onTheWay.unshift(at);
    if (!exists(disk, at)) {
      missing.add(at);
    }
  }
  try {
    disk.makeDirectory(path);
    for (const name of onTheWay) {
      syncParent(disk, name, missing.has(name));
    }
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Far up the tree are directories of others, which this process may not be allowed to open. */
function syncParent(disk: Disk, path: string, isOurs: boolean): void {
  try {
    disk.syncDirectory(path.slice(0, path.lastIndexOf("/")) || "/");
  } catch (error) {
    if (isOurs || !["EACCES", "EPERM", "EROFS", "EINVAL"].includes(String(codeOf(error)))) {
      throw error;
    }
  }
}

function exists(disk: Disk, path: string): boolean {
  try {
    disk.list(path);
    return true;
  } catch (error) {
    return codeOf(error) !== "ENOENT";
  }
}

export async function takeLock(disk: Disk, directory: string, options: { leaveNoTrace?: boolean } = {}): Promise<DiskLock> {
  let lock: DiskLock | undefined;
  try {
    lock = await disk.lock(directory, options);
  } catch (error) {
    throw unusable(directory, error);
  }
  if (lock === undefined) {
    throw new StoreError("locked", `${directory} is in use by another server`);
  }
  return lock;
}

/** `older`: sound, and of a format that opening brings up to date. */
export interface FoundMarker {
  readonly state: "sound" | "older" | "damaged" | "missing";
  readonly format: number;
}

/** The log says by itself what it is: a damaged marker costs nothing but this file. A sound one of others, or of a newer format, is refused. */
function checkMarker(disk: Disk, directory: string, names: ReadonlySet<string>): FoundMarker {
  if (!names.has(markerName)) {
    return { state: "missing", format: storeFormat };
  }
  const path = `${directory}/${markerName}`;
  const marker = parseMarker(readAll(disk, path));
  if (marker === undefined || (marker.check !== undefined && marker.check !== checkOf(marker.store, marker.format))) {
    return { state: "damaged", format: storeFormat };
  }
  if (marker.store !== "streamproof") {
    throw new StoreError("foreign-files", `${path} belongs to "${marker.store}", not to this server`);
  }
  refuseUnreadable(path, { format: marker.format, features: 0 });
  return { state: marker.format < storeFormat ? "older" : "sound", format: marker.format };
}

interface Marker {
  readonly store: string;
  readonly format: number;
  readonly check: unknown;
}

function parseMarker(text: string): Marker | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const fields = new Map<string, unknown>(typeof value === "object" && value !== null ? Object.entries(value) : []);
    const store = fields.get("store");
    const format = fields.get("format");
    return typeof store === "string" && typeof format === "number" ? { store, format, check: fields.get("check") } : undefined;
  } catch {
    return undefined;
  }
}

/** FNV-1a over both fields, so that a flipped bit is not taken for another product or a newer format. */
function checkOf(store: string, format: number): number {
  let hash = 0x811c_9dc5;
  for (const byte of encoder.encode(`${store} ${format}`)) {
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  }
  return hash >>> 0;
}

function readAll(disk: Disk, path: string): string {
  const file = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    return decoder.decode(bytes);
  } finally {
    file.close();
  }
}

function writeMarker(disk: Disk, directory: string): void {
  const path = `${directory}/${markerName}`;
  try {
    const file = disk.open(`${path}.new`, "create-or-open");
    try {
      file.truncate(0);
      const marker: Marker = { store: "streamproof", format: storeFormat, check: checkOf("streamproof", storeFormat) };
      file.write(encoder.encode(`${JSON.stringify(marker)}\n`), 0);
      file.sync();
    } finally {
      file.close();
    }
    disk.rename(`${path}.new`, path);
    disk.syncDirectory(directory);
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** A directory that can be read but not written is refused now, not at the first publish. */
function probe(disk: Disk, directory: string): void {
  try {
    const file = disk.open(`${directory}/probe`, "create-or-open");
    try {
      file.write(encoder.encode("w"), 0);
    } finally {
      file.close();
    }
    disk.unlink(`${directory}/probe`);
  } catch (error) {
    // A full disk is one that can be written again after a purge.
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") {
      throw unusable(directory, error);
    }
  }
}

function unusable(directory: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreError("not-writable", `${directory} can't be used as a store: ${reason}`, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
