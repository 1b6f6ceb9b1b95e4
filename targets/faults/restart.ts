/** A graceful stop and a new start on the same data, seen as one fault: the evidence holds both process ids. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { Instance } from "../target.ts";

/** Rejects as `start` does when the server does not come back. */
export async function restart(instance: Instance): Promise<FaultEvidence> {
  const stopped = await instance.stop();
  const readyAfterMs = await instance.start();
  const oldPid = stopped.details["pid"] ?? 0;
  const newPid = instance.pid ?? 0;
  return {
    happened: stopped.happened && newPid !== oldPid,
    summary: `${stopped.summary}; process ${newPid} answers after ${Math.round(readyAfterMs)} ms`,
    details: { ...stopped.details, newPid, readyAfterMs: Math.round(readyAfterMs) },
  };
}
