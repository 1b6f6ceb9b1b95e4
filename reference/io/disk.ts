/** The file system of the real machine. Node's own errors carry the POSIX `code` that the port promises. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import type { Disk, DiskDone, DiskFile } from "../ports.ts";
import { lockDirectory } from "./lock.ts";

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;

const OPEN_FLAGS = {
  read: constants.O_RDONLY,
  "read-write": constants.O_RDWR,
  "create-new": constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  "create-or-open": constants.O_RDWR | constants.O_CREAT,
} as const;

export const systemDisk: Disk = {
  makeDirectory(path): void {
    mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  },

  list(path) {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? ("directory" as const) : ("file" as const) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  },

  open: (path, mode) => new SystemFile(path, openSync(path, OPEN_FLAGS[mode], FILE_MODE)),
  rename: renameSync,
  unlink: unlinkSync,
  removeDirectory: rmdirSync,

  syncDirectory(path): void {
    const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  },

  syncDirectoryLater(path, done): void {
    let directory: number;
    try {
      directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      queueMicrotask(() => done(asError(error)));
      return;
    }
    fsync(directory, (error) => {
      closeSync(directory);
      done(error ?? undefined);
    });
  },

  space(path) {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },

  lock: lockDirectory,
};

class SystemFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return fstatSync(this.#descriptor).size;
  }

  write(bytes: Uint8Array, position: number): void {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#descriptor, bytes, written, bytes.length - written, position + written);
    }
  }

  read(into: Uint8Array, position: number): number {
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(this.#descriptor, into, filled, into.length - filled, position + filled);
      if (count === 0) {
        break;
      }
      filled += count;
    }
    return filled;
  }

  readAsync(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.readLater(into, position, (error, filled) => (error === undefined ? resolve(filled) : reject(error)));
    });
  }

  readLater(into: Uint8Array, position: number, done: (error: Error | undefined, filled: number) => void, filled = 0): void {
    read(this.#descriptor, into, filled, into.length - filled, position + filled, (error, count) => {
      if (error !== null || count === 0 || filled + count >= into.length) {
        done(error ?? undefined, filled + (error === null ? count : 0));
      } else {
        this.readLater(into, position, done, filled + count);
      }
    });
  }

  writeAsync(bytes: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.writeLater(bytes, position, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  writeLater(bytes: Uint8Array, position: number, done: DiskDone, written = 0): void {
    write(this.#descriptor, bytes, written, bytes.length - written, position + written, (error, count) => {
      if (error !== null || written + count >= bytes.length) {
        done(error ?? undefined);
      } else {
        this.writeLater(bytes, position, done, written + count);
      }
    });
  }

  sync(): void {
    fdatasyncSync(this.#descriptor);
  }

  syncAsync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.syncLater((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  syncLater(done: DiskDone): void {
    fdatasync(this.#descriptor, (error) => done(error ?? undefined));
  }

  truncate(length: number): void {
    ftruncateSync(this.#descriptor, length);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
