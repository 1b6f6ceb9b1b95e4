/** The operations of a disk in the order they came, and how many of each there were. The oldest are forgotten when there are very many. */
import type { DiskCounts, DiskOperation, DiskOperationKind } from "./disk-calls.ts";

const operationsMax = 200_000;

export class Trace {
  #operations: DiskOperation[] = [];
  #next = 1;
  readonly #counts: { -readonly [Key in keyof DiskCounts]: DiskCounts[Key] } = {
    reads: 0,
    writes: 0,
    bytesWritten: 0,
    fileSyncs: 0,
    syncedWrites: 0,
    folderSyncs: 0,
    renames: 0,
    unlinks: 0,
    truncates: 0,
  };

  note(operation: Omit<DiskOperation, "number" | "cameMs">): DiskOperation {
    if (this.#operations.length === operationsMax) {
      this.#operations = this.#operations.slice(operationsMax / 2);
    }
    const noted: DiskOperation = { ...operation, number: this.#next++, cameMs: monotonicMs() };
    this.#operations.push(noted);
    return noted;
  }

  /** `ofFolder`: a sync of a folder's names. */
  answered(operation: DiskOperation, error: string | undefined, ofFolder: boolean): void {
    operation.answeredMs = monotonicMs();
    if (error !== undefined) {
      operation.error = error;
      return;
    }
    this.#count(operation, ofFolder);
  }

  get counts(): DiskCounts {
    return { ...this.#counts };
  }

  from(number: number): { operations: DiskOperation[]; lost: number; next: number } {
    const first = this.#operations[0]?.number ?? this.#next;
    return { operations: this.#operations.slice(Math.max(0, number - first)), lost: Math.max(0, first - number), next: this.#next };
  }

  #count({ kind, length = 0, synced }: DiskOperation, ofFolder: boolean): void {
    const counts = this.#counts;
    const key = ofFolder ? "folderSyncs" : countedAs[kind];
    if (key !== undefined) {
      counts[key]++;
    }
    if (kind === "write") {
      counts.bytesWritten += length;
      counts.syncedWrites += synced ? 1 : 0;
    }
  }
}

const countedAs: Partial<Record<DiskOperationKind, keyof DiskCounts>> = {
  read: "reads",
  write: "writes",
  sync: "fileSyncs",
  rename: "renames",
  unlink: "unlinks",
  truncate: "truncates",
};

/** The same clock in every process of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
