/**
 * Faults at single operations of a disk that the tool plays itself (`volume: "fuse"`): counted once for the whole disk, so the n-th write is
 * exactly that, also of a server with many threads. Besides what `CallFault` knows, operations can be held back, writes cut short and syncs
 * answered without being done.
 */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { type Instance, TargetError } from "../target.ts";
import type { DiskCounts, DiskFault, DiskOperation, DiskSpeed, FaultState } from "../volumes/fuse/disk-calls.ts";
import type { FuseVolume } from "../volumes/fuse/volume.ts";
import { holdsWithin } from "../waiting.ts";
import { type ArmedFault, demand, untilGone } from "./armed.ts";

export function diskOf(instance: Instance): FuseVolume {
  demand(instance, "fuse");
  if (instance.disk === undefined) {
    throw new TargetError("TARGET_CAPABILITY_MISSING", `target "${instance.target.name}" does not stand on a disk of the tool's own`);
  }
  return instance.disk;
}

/** Counting begins now. Released by `release`, or with the volume. */
export async function armDiskFault(instance: Instance, fault: DiskFault): Promise<ArmedFault> {
  const disk = diskOf(instance);
  if (!Number.isInteger(fault.at) || fault.at < 1) {
    throw new TargetError("TARGET_FAULT_FAILED", `operation ${fault.at} can't be chosen; it must be 1 or more`);
  }
  if ((fault.does === "short" && fault.calls !== "write") || (fault.does === "ignore" && fault.calls !== "sync")) {
    const only = fault.does === "short" ? "writes can be cut short" : "syncs can be ignored";
    throw new TargetError("TARGET_FAULT_FAILED", `only ${only}, not operations of the kind ${fault.calls}`);
  }
  const id = await disk.ask("arm", fault);
  let state: FaultState = { seen: 0, hits: 0, first: undefined, held: 0 };
  let released = false;
  const look = async () => {
    state = released ? state : await disk.ask("faultState", { id });
    return state.hits > 0;
  };
  const evidence = () => evidenceOf(fault, state);
  return {
    evidence,
    happenedWithin: async (withinMs) => {
      const happened = await holdsWithin(look, { withinMs, everyMs: 5 });
      if (happened && fault.does === "kill") {
        await untilGone(instance);
      }
      return evidence();
    },
    release: async () => {
      if (!released) {
        state = await disk.ask("disarm", { id });
        released = true;
      }
      return evidence();
    },
  };
}

function evidenceOf(fault: DiskFault, { seen, hits, first, held }: FaultState): FaultEvidence {
  const printed = printDiskFault(fault);
  const where = first === undefined ? "no such operation came" : `first operation ${first.number}, ${first.kind} ${first.path}`;
  return {
    happened: hits > 0,
    summary: `${printed}: ${hits} of ${seen} operations; ${where}`,
    details: {
      fault: printed,
      seen,
      hits,
      held,
      ...(first === undefined ? {} : { first: first.path, number: first.number, offset: first.offset ?? 0, length: first.length ?? 0 }),
    },
  };
}

/** `hold calls=sync at=20 repeats files=msgs/*.blk`. */
export function printDiskFault({ calls, at, does, repeats, delayMs, files }: DiskFault): string {
  const words = [does, `calls=${calls}`, `at=${at}`];
  if (repeats === true) {
    words.push("repeats");
  }
  if (delayMs !== undefined) {
    words.push(`delay=${delayMs}ms`);
  }
  return [...words, ...(files === undefined ? [] : [`files=${files}`])].join(" ");
}

/** A slow disk from now until `release`. */
export async function slowDisk(instance: Instance, speed: DiskSpeed): Promise<ArmedFault> {
  const disk = diskOf(instance);
  const before = await disk.ask("trace", { number: Number.MAX_SAFE_INTEGER });
  const from = before.next;
  await disk.ask("speed", speed);
  let slowed: readonly DiskOperation[] = [];
  let released = false;
  const look = async () => {
    if (!released) {
      const { operations } = await disk.ask("trace", { number: from });
      slowed = operations.filter(({ delayedMs, answeredMs }) => delayedMs !== undefined && answeredMs !== undefined);
    }
    return slowed.length > 0;
  };
  const evidence = (): FaultEvidence => {
    const longestMs = Math.round(Math.max(0, ...slowed.map(({ cameMs, answeredMs = cameMs }) => answeredMs - cameMs)));
    const { bytesPerSecond = 0, syncDelayMs = 0 } = speed;
    return {
      happened: slowed.length > 0,
      summary: `${slowed.length} operations waited for the disk, the longest ${longestMs} ms${released ? "; released" : ""}`,
      details: { slowed: slowed.length, longestMs, bytesPerSecond, syncDelayMs },
    };
  };
  return {
    evidence,
    happenedWithin: async (withinMs) => {
      await holdsWithin(look, { withinMs, everyMs: 20 });
      return evidence();
    },
    release: async () => {
      if (!released) {
        await look();
        await disk.ask("speed", {});
        released = true;
      }
      return evidence();
    },
  };
}

export async function diskCounts(instance: Instance): Promise<DiskCounts> {
  return diskOf(instance).ask("counts");
}

/**
 * What reached the disk, from an operation's number on. Times are of this process's `performance.now()`; `next` is where to go on. Compare
 * them with the moment a reply came: an acknowledgement that arrives before the sync of its bytes was answered was sent too early.
 */
export async function diskTrace(instance: Instance, from = 1): Promise<{ operations: DiskOperation[]; lost: number; next: number }> {
  const { operations, lost, next } = await diskOf(instance).ask("trace", { number: from });
  const offset = performance.now() - Number(process.hrtime.bigint()) / 1e6;
  const shifted = operations.map((operation) => ({
    ...operation,
    cameMs: operation.cameMs + offset,
    ...(operation.answeredMs === undefined ? {} : { answeredMs: operation.answeredMs + offset }),
  }));
  return { operations: shifted, lost, next };
}

export interface Place {
  /** Relative to the data folder. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export interface SyncOf {
  readonly write: DiskOperation | undefined;
  /** The first completed sync that came after the write was answered, or the write itself when it was synced. */
  readonly sync: DiskOperation | undefined;
}

/** The write that last brought these bytes (the whole range), and the sync that made them durable. */
export function syncOf(operations: readonly DiskOperation[], { path, offset, length }: Place): SyncOf {
  const write = operations.findLast(
    (each) =>
      each.kind === "write" &&
      each.path === path &&
      each.error === undefined &&
      (each.offset ?? 0) <= offset &&
      (each.offset ?? 0) + (each.length ?? 0) >= offset + length,
  );
  const written = write?.answeredMs;
  if (write === undefined || written === undefined) {
    return { write, sync: undefined };
  }
  if (write.synced) {
    return { write, sync: write };
  }
  const covers = (each: DiskOperation) => each.kind === "sync" && each.path === path && each.error === undefined;
  return { write, sync: operations.find((each) => covers(each) && each.answeredMs !== undefined && each.cameMs >= written) };
}
