/** A disk that can only be read, so that a tool that looks at a store can't change it, whatever its code does. */
import type { Disk, DiskError, DiskFile } from "../ports.ts";

export function readOnlyDisk(disk: Disk): Disk {
  return {
    list: (path) => disk.list(path),
    open: (path, mode) => (mode === "read" || mode === "read-write" ? readOnlyFile(disk.open(path, "read")) : refuse(path)),
    space: (path) => disk.space(path),
    lock: (path) => disk.lock(path, { leaveNoTrace: true }),
    makeDirectory: refuse,
    rename: refuse,
    unlink: refuse,
    removeDirectory: refuse,
    syncDirectory: refuse,
    syncDirectoryLater: refuse,
  };
}

function readOnlyFile(file: DiskFile): DiskFile {
  const { path } = file;
  return {
    path,
    size: () => file.size(),
    read: (into, position) => file.read(into, position),
    readAsync: (into, position) => file.readAsync(into, position),
    readLater: (into, position, done) => file.readLater(into, position, done),
    close: () => file.close(),
    write: () => refuse(path),
    truncate: () => refuse(path),
    sync: () => refuse(path),
    writeAsync: async () => refuse(path),
    syncAsync: async () => refuse(path),
    writeLater: () => refuse(path),
    syncLater: () => refuse(path),
  };
}

function refuse(path: string): never {
  const error: DiskError = Object.assign(new Error(`EROFS: ${path} is only looked at`), { code: "EROFS" });
  throw error;
}
