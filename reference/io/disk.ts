/** The file system of the real machine. Node's own errors carry the POSIX `code` that the port promises. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
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
import type { Disk, DiskFile } from "../ports.ts";
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

  async readAsync(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const count = await new Promise<number>((resolve, reject) => {
        read(this.#descriptor, into, filled, into.length - filled, position + filled, (error, bytes) => {
          return error === null ? resolve(bytes) : reject(error);
        });
      });
      if (count === 0) {
        break;
      }
      filled += count;
    }
    return filled;
  }

  async writeAsync(bytes: Uint8Array, position: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await new Promise<number>((resolve, reject) => {
        write(this.#descriptor, bytes, written, bytes.length - written, position + written, (error, count) => {
          return error === null ? resolve(count) : reject(error);
        });
      });
    }
  }

  sync(): void {
    fdatasyncSync(this.#descriptor);
  }

  syncAsync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  truncate(length: number): void {
    ftruncateSync(this.#descriptor, length);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
