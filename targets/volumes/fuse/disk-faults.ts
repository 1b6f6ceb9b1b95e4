/**
 * What stands before each operation of the disk: armed faults, and how slow it is. Decides only; the caller does it. An operation may count
 * for two kinds: a write that is synced by itself is a write and a sync.
 */
import { fits } from "../../faults/file-fault.ts";
import type { DiskFault, DiskOperation, DiskOperationKind, DiskSpeed, FaultState } from "./disk-calls.ts";

const delayMsDefault = 500;

export interface Verdict {
  readonly delayMs: number;
  /** What else happens to it; undefined lets it pass. */
  readonly does: Exclude<DiskFault["does"], "delay"> | undefined;
  /** The fault that holds it. */
  readonly heldBy: number | undefined;
}

interface Armed {
  readonly id: number;
  readonly fault: DiskFault;
  seen: number;
  hits: number;
  first: DiskOperation | undefined;
}

export class DiskFaults {
  readonly #armed = new Map<number, Armed>();
  #next = 1;
  #speed: DiskSpeed = {};
  #busyUntilMs = 0;

  arm(fault: DiskFault): number {
    const id = this.#next++;
    this.#armed.set(id, { id, fault, seen: 0, hits: 0, first: undefined });
    return id;
  }

  disarm(id: number): void {
    this.#armed.delete(id);
  }

  state(id: number): Omit<FaultState, "held"> {
    const armed = this.#armed.get(id);
    return { seen: armed?.seen ?? 0, hits: armed?.hits ?? 0, first: armed?.first };
  }

  setSpeed(speed: DiskSpeed): void {
    this.#speed = speed;
    this.#busyUntilMs = 0;
  }

  /** Of two faults that hit one operation the later armed one decides; delays add up. */
  judge(operation: DiskOperation, nowMs: number): Verdict {
    const kinds: DiskOperationKind[] = operation.synced ? [operation.kind, "sync"] : [operation.kind];
    let delayMs = this.#slowness(operation, kinds, nowMs);
    let does: Verdict["does"];
    let heldBy: number | undefined;
    for (const armed of this.#armed.values()) {
      if (!isHit(armed, operation, kinds)) {
        continue;
      }
      const { fault } = armed;
      if (fault.does === "delay") {
        delayMs += fault.delayMs ?? delayMsDefault;
      } else {
        does = fault.does;
        heldBy = fault.does === "hold" ? armed.id : undefined;
      }
    }
    return { delayMs, does, heldBy };
  }

  #slowness({ length = 0 }: DiskOperation, kinds: readonly DiskOperationKind[], nowMs: number): number {
    const { bytesPerSecond, syncDelayMs = 0 } = this.#speed;
    const waiting = kinds.includes("sync") ? syncDelayMs : 0;
    if (bytesPerSecond === undefined || !kinds.some((kind) => kind === "read" || kind === "write")) {
      return waiting;
    }
    // One device: what comes meanwhile waits behind it.
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + (length / bytesPerSecond) * 1000;
    return this.#busyUntilMs - nowMs + waiting;
  }
}

function isHit(armed: Armed, operation: DiskOperation, kinds: readonly DiskOperationKind[]): boolean {
  const { calls, at, repeats = false, files } = armed.fault;
  if (!kinds.includes(calls) || (files !== undefined && !fits(files, operation.path))) {
    return false;
  }
  armed.seen++;
  if (armed.seen !== at && !(repeats && armed.seen > at)) {
    return false;
  }
  armed.hits++;
  armed.first ??= operation;
  return true;
}
