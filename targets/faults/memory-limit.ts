/** Little memory: a server runs within a limit, and the kernel ends it when it takes more. */
import { execa } from "execa";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { failureText } from "../failure-text.ts";
import { MemoryGroup, memoryParent } from "../memory-group.ts";
import { type Instance, TargetError } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { type ArmedFault, demand, untilGone } from "./armed.ts";

export interface MemoryLimitOptions {
  readonly bytes: number;
}

/** `happened` says that the kernel ended a process of it; `details` also how much memory it had and took, for a server that got by. */
export interface MemoryLimit extends ArmedFault {
  /** Lowers the limit to what is used now, so that the server ends when it takes more; repeat it for a server that gives memory back. */
  squeeze(): FaultEvidence;
}

export interface StartedWithin {
  readonly armed: MemoryLimit;
  /** undefined when the server ended, or did not get ready, within the limit. */
  readonly readyAfterMs: number | undefined;
}

/** Starts a server that is down within a limit. Memory counts from its first byte, which a limit on a running server could not do. */
export async function startWithinMemory(instance: Instance, { bytes }: MemoryLimitOptions): Promise<StartedWithin> {
  demand(instance, "memory-limit");
  const group = newGroup(bytes);
  try {
    const readyAfterMs = await instance.start({ under: group.under }).catch((error: unknown) => {
      // Too little memory to start is an outcome, when it was the kernel that ended it.
      if (error instanceof TargetError && group.state().oomKills > 0) {
        return undefined;
      }
      throw error;
    });
    return { armed: armed({ instance, group, bytes }), readyAfterMs };
  } catch (error) {
    await group.dispose();
    throw error;
  }
}

function newGroup(bytes: number): MemoryGroup {
  const parent = memoryParent();
  if (typeof parent === "string") {
    throw new TargetError("TARGET_FAULT_FAILED", `no memory limit: ${parent}`);
  }
  try {
    return new MemoryGroup(parent, bytes);
  } catch (cause) {
    throw new TargetError("TARGET_FAULT_FAILED", `no memory limit: ${failureText(cause)}`, { cause });
  }
}

const squeezeStepBytes = 1024 * 1024;

function armed({ instance, group, bytes }: { instance: Instance; group: MemoryGroup; bytes: number }): MemoryLimit {
  let limitBytes = bytes;
  let last: FaultEvidence | undefined;
  const evidence = (): FaultEvidence => {
    if (last !== undefined) {
      return last;
    }
    const { usedBytes, peakBytes, oomKills, processes } = group.state();
    return {
      happened: oomKills > 0,
      summary: `${oomKills} out-of-memory kills; ${usedBytes} of ${limitBytes} bytes are used, ${peakBytes} at most`,
      details: { limitBytes, usedBytes, peakBytes, oomKills, processes: processes.length },
    };
  };
  return {
    evidence,
    squeeze: () => {
      limitBytes = lowered(group, limitBytes);
      return evidence();
    },
    happenedWithin: async (withinMs) => {
      if (await holdsWithin(() => evidence().happened, { withinMs, everyMs: 10 })) {
        await untilGone(instance);
      }
      return evidence();
    },
    release: async () => {
      if (last === undefined) {
        last = evidence();
        await group.release();
      }
      return last;
    },
  };
}

/** The lowest limit above what is used that the kernel takes; it refuses one below what it can't write back. */
function lowered(group: MemoryGroup, limitBytes: number): number {
  for (let bytes = group.state().usedBytes; bytes < limitBytes; bytes += squeezeStepBytes) {
    try {
      group.setLimit(bytes);
      return bytes;
    } catch {
      // It grew meanwhile.
    }
  }
  return limitBytes;
}

const probeBytes = 16 * 1024 * 1024;
let probe: Promise<string | undefined> | undefined;

/** Why memory can't be limited here; undefined when it can. A process of our own is put into a group to know; none is ended, which would stand in the kernel's log. */
export function memoryLimitLack(): Promise<string | undefined> {
  probe ??= tryLimit();
  return probe;
}

async function tryLimit(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "memory limits need Linux (control groups)";
  }
  const parent = memoryParent();
  if (typeof parent === "string") {
    return `memory can't be limited here: ${parent}`;
  }
  let group: MemoryGroup | undefined;
  try {
    group = new MemoryGroup(parent, probeBytes);
    const [command, ...args] = [...group.under, "cat", "/proc/self/cgroup"];
    const { stdout, stderr } = await execa(command, args, { reject: false, timeout: 10_000 });
    return stdout.includes(group.name) ? undefined : `memory can't be limited here: no process could be put into a group: ${stderr.trim()}`;
  } catch (error) {
    return `memory can't be limited here; run as root (in a container: give it --privileged): ${failureText(error)}`;
  } finally {
    await group?.dispose();
  }
}
