/** What the tool asks of the process that is the disk, over its channel. Only plain values cross it. */
import type { CallError, CallFault } from "../../faults/call-fault.ts";
import type { PowerCutAdversary } from "../../target.ts";
import type { NamePromise } from "./tree.ts";

/** Like a fault at a system call, but counted once for the whole disk, whichever thread asks, and with what only a disk can do. */
export interface DiskFault extends Omit<CallFault, "does"> {
  /**
   * Besides those of a `CallFault`:
   * - `hold`   the operation is not done and not answered until the fault is released
   * - `short`  half of a write is done, and only that is answered
   * - `ignore` a sync is answered and not done: a disk that lies about its flushes
   */
  readonly does: "kill" | "delay" | CallError | "hold" | "short" | "ignore";
}

export const diskOperationKinds = ["write", "sync", "read", "open", "truncate", "rename", "unlink", "mkdir"] as const;
export type DiskOperationKind = (typeof diskOperationKinds)[number];

/** One operation that reached the disk, in the order of their coming. Times are those of the machine's monotonic clock, in milliseconds. */
export interface DiskOperation {
  readonly number: number;
  readonly kind: DiskOperationKind;
  /** Relative to the data folder. */
  readonly path: string;
  readonly to?: string;
  readonly offset?: number;
  readonly length?: number;
  /** Of a write: it went to a file opened with O_SYNC or O_DSYNC and was durable when it was answered. */
  readonly synced?: true;
  readonly cameMs: number;
  /** undefined while it is under way, and for one that was given up. */
  answeredMs?: number;
  /** How long faults and slowness made it wait. */
  delayedMs?: number;
  error?: string;
}

export interface DiskCounts {
  readonly reads: number;
  readonly writes: number;
  readonly bytesWritten: number;
  /** fsync and fdatasync of files. */
  readonly fileSyncs: number;
  /** Writes that were synced because of how their file was opened. */
  readonly syncedWrites: number;
  readonly folderSyncs: number;
  readonly renames: number;
  readonly unlinks: number;
  readonly truncates: number;
}

export interface FaultState {
  /** Operations of the kind in the files that the fault is about. */
  readonly seen: number;
  readonly hits: number;
  readonly first: DiskOperation | undefined;
  /** Answered only when the fault is released. */
  readonly held: number;
}

export interface DiskSpeed {
  /** Of reads and writes together. */
  readonly bytesPerSecond?: number;
  /** Before each sync, and before each write that is synced by itself. */
  readonly syncDelayMs?: number;
}

export interface SurvivorFacts {
  readonly unsyncedBytes: number;
  readonly droppedBytes: number;
  readonly pendingNames: number;
  readonly droppedNames: number;
  readonly shape: Readonly<Record<string, string | number>>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly usedBytes: number;
}

export interface DiskCalls {
  mount(to: { readonly mountPoint: string; readonly sizeBytes: number }): Promise<void>;
  /** Works out what a cut at this moment leaves, and keeps it for `adopt`. */
  survivors(cut: { readonly adversary: PowerCutAdversary; readonly names: NamePromise }): SurvivorFacts;
  adopt(): void;
  /** Gives up every operation that is held or delayed: answered with EIO and not done. Returns how many. */
  letGo(): number;
  arm(fault: DiskFault): number;
  faultState(fault: { readonly id: number }): FaultState;
  /** Held operations are done then, and answered. */
  disarm(fault: { readonly id: number }): FaultState;
  speed(speed: DiskSpeed): void;
  /** undefined gives back the whole disk. */
  limit(limit: { readonly freeBytes: number; readonly error: "ENOSPC" | "EDQUOT" } | undefined): DiskSpace;
  readOnly(is: { readonly readOnly: boolean }): void;
  counts(): DiskCounts;
  /** Operations from this number on; `lost` of them are not kept any more, `next` is the number of the next to come. */
  trace(from: { readonly number: number }): { readonly operations: readonly DiskOperation[]; readonly lost: number; readonly next: number };
}

/** One call and its answer on the channel. */
export interface Question {
  readonly id: number;
  readonly call: keyof DiskCalls;
  readonly argument: unknown;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}
