/** Faults that hold for a while, each as one that is armed at the moment and released. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { ArmedFault } from "../../targets/faults/armed.ts";
import type { CallFault } from "../../targets/faults/call-fault.ts";
import { startWithClock } from "../../targets/faults/clock-jump.ts";
import { armDiskFault, slowDisk } from "../../targets/faults/disk-fault.ts";
import { fillDisk, makeDiskReadOnly } from "../../targets/faults/disk-state.ts";
import { limitFiles } from "../../targets/faults/file-limit.ts";
import { armCallFault } from "../../targets/faults/system-calls.ts";
import type { Instance } from "../../targets/target.ts";
import type { Blow } from "./blow.ts";
import { armLittleMemory } from "./little-memory.ts";

export async function armLasting(blow: Blow, instance: Instance): Promise<ArmedFault> {
  switch (blow.does) {
    case "pause":
      return armPause(instance);
    case "fill-disk":
      return fillDisk(instance);
    case "read-only":
      return releasedWhenDown(await makeDiskReadOnly(instance), instance);
    case "few-files":
      return limitFiles(instance, { count: blow.count });
    case "slow-disk":
      return slowDisk(instance, {
        ...(blow.bytesPerSecond === undefined ? {} : { bytesPerSecond: blow.bytesPerSecond }),
        ...(blow.syncMs === undefined ? {} : { syncDelayMs: blow.syncMs }),
      });
    case "clock":
      return armClock(instance, blow.offsetMs);
    case "little-memory":
      return armLittleMemory(instance, blow.limitBytes);
    default:
      return armBlow(blow, instance);
  }
}

/** On a disk of the tool's own the n-th operation is exactly that, whichever thread asks; elsewhere system calls are traced. */
export function armCall(instance: Instance, fault: CallFault): Promise<ArmedFault> {
  return instance.disk === undefined ? armCallFault(instance, fault) : armDiskFault(instance, fault);
}

function armBlow(blow: Blow, instance: Instance): Promise<ArmedFault> {
  const { moment, does, error, repeats, delayMs } = blow;
  if (!("call" in moment)) {
    throw new TypeError(`${does} strikes at a call`);
  }
  const what = does === "delay" ? { does: "delay" as const, delayMs } : { does: error };
  return armCall(instance, { calls: moment.call, at: moment.nth, ...what, ...(repeats ? { repeats } : {}) });
}

/** Jumps at a start, and back while the server runs. */
async function armClock(instance: Instance, offsetMs: number): Promise<ArmedFault> {
  await instance.stop();
  const { clock } = await startWithClock(instance, { offsetMs });
  return clock;
}

async function armPause(instance: Instance): Promise<ArmedFault> {
  const paused = await instance.pause();
  const since = performance.now();
  let resumed: FaultEvidence | undefined;
  const evidence = (): FaultEvidence => {
    const pausedMs = Math.round(Number(resumed?.details["pausedMs"] ?? performance.now() - since));
    return {
      happened: paused.happened && resumed?.happened !== false,
      summary: `${paused.summary} for ${pausedMs} ms${resumed === undefined ? "" : `; ${resumed.summary}`}`,
      details: { ...paused.details, pausedMs },
    };
  };
  return {
    evidence,
    happenedWithin: () => Promise.resolve(evidence()),
    release: async () => {
      if (resumed === undefined) {
        const back = await instance.resume();
        resumed = { ...back, details: { ...back.details, pausedMs: performance.now() - since } };
      }
      return evidence();
    },
  };
}

/** A disk that only mounting anew makes writable is released with the server down. */
function releasedWhenDown(armed: ArmedFault, instance: Instance): ArmedFault {
  return {
    evidence: () => armed.evidence(),
    happenedWithin: (withinMs) => armed.happenedWithin(withinMs),
    release: async () => {
      if (armed.evidence().details["how"] !== "remount" && instance.pid !== undefined) {
        await instance.kill();
      }
      return armed.release();
    },
  };
}
