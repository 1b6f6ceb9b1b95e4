/**
 * The only doors between the server's core and the world. The core never touches `node:*`, `Date`, timers or `Math.random`:
 * `io/` implements these ports on the real machine, `sim/` on a virtual clock and a crashable disk.
 */

export interface Ports {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly net: Net;
  readonly random: Random;
  readonly turns: Turns;
}

export interface Clock {
  /** Wall clock, nanoseconds since 1970; never decreases while the process lives. */
  nowNs(): bigint;
  /** Monotonic milliseconds, for measuring waits. */
  nowMs(): number;
  /** Runs once after `delayMs`; a timer never keeps the process alive by itself. */
  setTimer(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The end of a turn: everything that sockets, timers and disk delivered has been stepped; now commit and release the replies. */
export interface Turns {
  /** Calls `run` once when the current turn's deliveries are through (`setImmediate` on the real machine). */
  atEnd(run: () => void): void;
}

export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, bound), `bound` at most 2^32. */
  below(bound: number): number;
}

/**
 * Paths are absolute, `/`-separated. Every call throws a `DiskError` with a POSIX `code` (ENOSPC, EIO, EACCES, EROFS, ENOENT…).
 * Synchronous calls block the turn on purpose: a short blocking commit beats two thread-pool hops. The `…Later` forms are for slow disks
 * and cold reads: they never throw, and call `done` once, after the call that began them has returned. The `…Async` forms are for work
 * that nobody waits for.
 */
export interface Disk {
  /** Creates the directory and its missing parents (mode 0750). */
  makeDirectory(path: string): void;
  /** Names in the directory, sorted; throws ENOENT. */
  list(path: string): readonly DiskEntry[];
  open(path: string, mode: "read" | "read-write" | "create-new" | "create-or-open"): DiskFile;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  removeDirectory(path: string): void;
  /** Makes creates, renames and unlinks in this directory durable. */
  syncDirectory(path: string): void;
  syncDirectoryLater(path: string, done: DiskDone): void;
  /** Bytes a process without privileges can still write, and the size of the file system. */
  space(path: string): { freeBytes: number; totalBytes: number };
  /**
   * Exclusive until `release` or the end of the process, however it ends; undefined when another process holds it. `leaveNoTrace` writes
   * nothing into the directory, so that one that can only be read can be held.
   */
  lock(path: string, options?: { readonly leaveNoTrace?: boolean }): Promise<DiskLock | undefined>;
}

export interface DiskEntry {
  readonly name: string;
  readonly kind: "file" | "directory";
}

export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Writes all bytes at `position` or throws. */
  write(bytes: Uint8Array, position: number): void;
  /** Reads up to `into.length` bytes; fewer only at the end of the file. */
  read(into: Uint8Array, position: number): number;
  readAsync(into: Uint8Array, position: number): Promise<number>;
  /** `into` belongs to the disk until `done`. */
  readLater(into: Uint8Array, position: number, done: (error: Error | undefined, filled: number) => void): void;
  writeAsync(bytes: Uint8Array, position: number): Promise<void>;
  /** `bytes` must not change, and the file must not be closed, before `done`. */
  writeLater(bytes: Uint8Array, position: number, done: DiskDone): void;
  /** fdatasync. */
  sync(): void;
  syncAsync(): Promise<void>;
  syncLater(done: DiskDone): void;
  truncate(length: number): void;
  close(): void;
}

/** What went wrong, a `DiskError` as a rule; undefined when nothing did. */
export type DiskDone = (error: Error | undefined) => void;

export interface DiskLock {
  release(): void;
}

export interface DiskError extends Error {
  readonly code: string;
}

export interface Net {
  /** Port 0 asks for a free one. Rejects with the system's code (EADDRINUSE, EACCES…). */
  listen(address: { host: string; port: number }, accept: (socket: Socket) => void): Promise<Listener>;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface Socket {
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Set once by the acceptor, before any byte is delivered. */
  handler: SocketHandler;
  /**
   * The socket copies nothing: the caller must not touch `bytes` again, unless this returns 0. Returns the bytes still queued in the
   * process; 0 means that it is done with `bytes`.
   */
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface SocketHandler {
  /** `bytes` belongs to the socket again when this returns: copy what must be kept. */
  data(bytes: Uint8Array): void;
  /** The queue ran empty after `write` had reported queued bytes. */
  drain(): void;
  closed(error: Error | undefined): void;
}
