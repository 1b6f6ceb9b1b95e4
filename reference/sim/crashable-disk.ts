/**
 * A disk in memory that forgets like a real one.
 *
 * `kill` ends the process: handles and locks are gone, everything written stays. `powerCut` also takes what was not synced: file contents
 * sector by sector, and names. A name is durable only when its directory was synced: syncing a file says nothing about its name.
 * Pending changes of one directory survive as a prefix of their order (a journal), those of different directories independently, and a
 * rename is one change. A directory whose own name is lost takes everything below it along.
 *
 * Calls in the background (`…Later`) take effect when `proceed` says so, in the order they were made, or in a microtask each if
 * `proceedsByItself`: what is under way when the process ends has not happened.
 *
 * `failAt` makes a call fail; a sync that fails gives up what it should have written, as Linux does, so that repeating it proves nothing.
 * `dieAt` ends the machine in the middle of a call: a write has reached the cache, a sync has done nothing.
 */
import type { Disk, DiskDone, DiskEntry, DiskError, DiskFile, DiskLock } from "../ports.ts";
import { Directory } from "./disk-directory.ts";
import { FileState } from "./disk-file-state.ts";
import { SeededRandom } from "./seeded-random.ts";

export type Adversary = { readonly keep: "nothing" | "everything" | "random"; readonly seed?: number };
export type DiskCall =
  | "makeDirectory"
  | "list"
  | "open"
  | "rename"
  | "unlink"
  | "removeDirectory"
  | "syncDirectory"
  | "lock"
  | "size"
  | "write"
  | "read"
  | "sync"
  | "truncate"
  | "space";

interface Failure {
  readonly call: DiskCall | "any";
  /** Counted from 1 among the calls of that kind, from now on. */
  readonly nth: number;
  readonly code: string;
  readonly forever?: boolean;
}

export class CrashableDisk implements Disk {
  /** Calls so far, by kind and in all. */
  readonly calls = new Map<DiskCall | "any", number>();
  /** Bytes a process can still write before ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Nobody calls `proceed`. */
  proceedsByItself = true;
  #underWay: (() => void)[] = [];
  readonly #root = new Directory();
  readonly #locks = new Set<string>();
  #failures: Failure[] = [];
  #dieAt = Number.POSITIVE_INFINITY;
  /** Handles and locks of an ended process are void. */
  #life = 1;
  #dead = false;

  /** The process ends; the page cache stays. */
  kill(): void {
    this.#life += 1;
    this.#underWay = [];
    this.#locks.clear();
    this.#failures = [];
    this.#dieAt = Number.POSITIVE_INFINITY;
    this.#dead = false;
  }

  powerCut(adversary: Adversary): void {
    this.kill();
    this.#root.settle(adversary.keep, new SeededRandom(adversary.seed ?? 1));
  }

  /** Lets the oldest call in the background take effect; false when there is none. */
  proceed(): boolean {
    const call = this.#underWay.shift();
    call?.();
    return call !== undefined;
  }

  /** The disk as one process has it: when that process has ended, nothing that is left of it reaches the disk any more. */
  session(): Disk {
    const life = this.#life;
    const alive = (): this => {
      if (life !== this.#life) {
        throw diskError("EIO", "the process has ended");
      }
      return this;
    };
    return {
      makeDirectory: (path) => alive().makeDirectory(path),
      list: (path) => alive().list(path),
      open: (path, mode) => alive().open(path, mode),
      rename: (from, to) => alive().rename(from, to),
      unlink: (path) => alive().unlink(path),
      removeDirectory: (path) => alive().removeDirectory(path),
      syncDirectory: (path) => alive().syncDirectory(path),
      syncDirectoryLater: (path, done) => alive().syncDirectoryLater(path, done),
      space: () => alive().space(),
      lock: (path) => alive().lock(path),
    };
  }

  failAt(failure: Failure): void {
    this.#failures.push({ ...failure, nth: failure.nth + this.count(failure.call) });
  }

  /** The machine dies in the middle of the `nth` call from now: that call and all later ones throw. */
  dieAt(nth: number): void {
    this.#dieAt = this.count("any") + nth;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  count(call: DiskCall | "any"): number {
    return this.calls.get(call) ?? 0;
  }

  /** Flips bits of a file, also in what is durable. */
  corrupt(path: string, position: number, mask: number): void {
    this.#file(path).corrupt(position, mask);
  }

  /** The bytes a process would see. */
  contents(path: string): Uint8Array {
    const file = this.#file(path);
    const bytes = new Uint8Array(file.length);
    file.read(bytes, 0);
    return bytes;
  }

  makeDirectory(path: string): void {
    this.#enter("makeDirectory");
    let at = this.#root;
    for (const name of parts(path)) {
      let next = at.seen.get(name);
      if (next === undefined) {
        const created = new Directory();
        at.change((names) => names.set(name, created));
        next = created;
      }
      if (!(next instanceof Directory)) {
        throw diskError("ENOTDIR", path);
      }
      at = next;
    }
    this.#leave();
  }

  list(path: string): readonly DiskEntry[] {
    this.#enter("list");
    const entries = [...this.#directory(path).seen].map(
      ([name, node]): DiskEntry => ({ name, kind: node instanceof Directory ? "directory" : "file" }),
    );
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  open(path: string, mode: "read" | "read-write" | "create-new" | "create-or-open"): DiskFile {
    this.#enter("open");
    const { directory, name } = this.#place(path);
    let node = directory.seen.get(name);
    if (node !== undefined && mode === "create-new") {
      throw diskError("EEXIST", path);
    }
    if (node === undefined) {
      if (mode === "read" || mode === "read-write") {
        throw diskError("ENOENT", path);
      }
      const created = new FileState();
      directory.change((names) => names.set(name, created));
      node = created;
    }
    if (node instanceof Directory) {
      throw diskError("EISDIR", path);
    }
    this.#leave();
    return this.#handle(path, node);
  }

  rename(from: string, to: string): void {
    this.#enter("rename");
    const source = this.#place(from);
    const target = this.#place(to);
    const node = source.directory.seen.get(source.name);
    if (node === undefined) {
      throw diskError("ENOENT", from);
    }
    if (source.directory !== target.directory) {
      throw diskError("EXDEV", from);
    }
    source.directory.change((names) => {
      names.delete(source.name);
      names.set(target.name, node);
    });
    this.#leave();
  }

  unlink(path: string): void {
    this.#enter("unlink");
    const { directory, name } = this.#place(path);
    const node = directory.seen.get(name);
    if (!(node instanceof FileState)) {
      throw diskError("ENOENT", path);
    }
    this.freeBytes += node.length;
    directory.change((names) => names.delete(name));
    this.#leave();
  }

  removeDirectory(path: string): void {
    this.#enter("removeDirectory");
    if (this.#directory(path).seen.size > 0) {
      throw diskError("ENOTEMPTY", path);
    }
    const { directory, name } = this.#place(path);
    directory.change((names) => names.delete(name));
    this.#leave();
  }

  syncDirectory(path: string): void {
    this.#enter("syncDirectory");
    const directory = this.#directory(path);
    this.#leave();
    directory.sync();
  }

  syncDirectoryLater(path: string, done: DiskDone): void {
    this.#later(() => this.syncDirectory(path), done);
  }

  space(): { freeBytes: number; totalBytes: number } {
    this.#enter("space");
    return { freeBytes: this.freeBytes, totalBytes: Number.MAX_SAFE_INTEGER };
  }

  async lock(path: string): Promise<DiskLock | undefined> {
    this.#enter("lock");
    if (this.#locks.has(path)) {
      return undefined;
    }
    const life = this.#life;
    this.#locks.add(path);
    return {
      release: () => {
        if (life === this.#life) {
          this.#locks.delete(path);
        }
      },
    };
  }

  #handle(path: string, state: FileState): DiskFile {
    const life = this.#life;
    let closed = false;
    const enter = (call: DiskCall) => {
      if (closed || life !== this.#life) {
        throw diskError("EBADF", path);
      }
      this.#enter(call);
    };
    const write = (bytes: Uint8Array, position: number) => {
      enter("write");
      const grown = Math.max(0, position + bytes.length - state.length);
      if (grown > this.freeBytes) {
        throw diskError("ENOSPC", path);
      }
      this.freeBytes -= grown;
      state.write(bytes, position);
      this.#leave();
    };
    const read = (into: Uint8Array, position: number) => {
      enter("read");
      return state.read(into, position);
    };
    const sync = () => {
      try {
        enter("sync");
      } catch (error) {
        if (!closed && life === this.#life && !this.#dead) {
          state.failSync();
        }
        throw error;
      }
      this.#leave();
      state.sync();
    };
    return {
      path,
      size: () => {
        enter("size");
        return state.length;
      },
      write,
      read,
      sync,
      readAsync: async (into, position) => read(into, position),
      writeAsync: async (bytes, position) => write(bytes, position),
      syncAsync: async () => sync(),
      readLater: (into, position, done) => {
        let filled = 0;
        const readInto = () => {
          filled = read(into, position);
        };
        this.#later(readInto, (error) => done(error, filled));
      },
      writeLater: (bytes, position, done) => this.#later(() => write(bytes, position), done),
      syncLater: (done) => this.#later(sync, done),
      truncate: (length) => {
        enter("truncate");
        this.freeBytes += Math.max(0, state.length - length);
        state.truncate(length);
        this.#leave();
      },
      close: () => {
        closed = true;
      },
    };
  }

  #later(call: () => void, done: DiskDone): void {
    this.#underWay.push(() => {
      let failure: Error | undefined;
      try {
        call();
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
      done(failure);
    });
    if (this.proceedsByItself) {
      queueMicrotask(() => this.proceed());
    }
  }

  #enter(call: DiskCall): void {
    if (this.#dead) {
      throw diskError("EIO", "the machine is off");
    }
    const all = this.count("any") + 1;
    const ofKind = this.count(call) + 1;
    this.calls.set("any", all);
    this.calls.set(call, ofKind);
    for (const failure of this.#failures) {
      const number = failure.call === "any" ? all : ofKind;
      const concerned = failure.call === "any" || failure.call === call;
      if (concerned && (number === failure.nth || (failure.forever === true && number > failure.nth))) {
        throw diskError(failure.code, call);
      }
    }
  }

  /** The point in a call where the machine may die: changes of the cache are made, nothing is synced yet. */
  #leave(): void {
    if (this.count("any") >= this.#dieAt) {
      this.#dead = true;
      throw diskError("EIO", "the machine just died");
    }
  }

  #file(path: string): FileState {
    const { directory, name } = this.#place(path);
    const node = directory.seen.get(name);
    if (!(node instanceof FileState)) {
      throw diskError("ENOENT", path);
    }
    return node;
  }

  #place(path: string): { directory: Directory; name: string } {
    const names = parts(path);
    const name = names.pop() ?? "";
    return { directory: this.#directory(names.join("/")), name };
  }

  #directory(path: string): Directory {
    let at: Directory = this.#root;
    for (const name of parts(path)) {
      const next = at.seen.get(name);
      if (!(next instanceof Directory)) {
        throw diskError(next === undefined ? "ENOENT" : "ENOTDIR", path);
      }
      at = next;
    }
    return at;
  }
}

function parts(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function diskError(code: string, what: string): DiskError {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
