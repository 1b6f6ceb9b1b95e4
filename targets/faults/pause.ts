/** SIGSTOP and SIGCONT of the whole process group. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { groupIsStopped, groupMembers } from "../proc.ts";
import type { ServerProcess } from "../providers/server-process.ts";
import { holdsWithin } from "../waiting.ts";
import { alreadyGone } from "./evidence.ts";

/** A thread stops when it leaves the kernel, so a slow fsync under way delays it. */
const stateWithinMs = 10_000;

export async function pause(server: ServerProcess): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  server.signalGroup("SIGSTOP");
  const happened = await holdsWithin(() => isStopped(server), { withinMs: stateWithinMs });
  return evidence({ server, happened, start, says: happened ? "every thread is stopped" : "not every thread stopped" });
}

export async function resume(server: ServerProcess): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  server.signalGroup("SIGCONT");
  const happened = await holdsWithin(() => runsAgain(server), { withinMs: stateWithinMs });
  return evidence({ server, happened, start, says: happened ? "it runs again" : "it is still stopped" });
}

export function isStopped(server: ServerProcess): boolean {
  return server.pid !== undefined && server.exit === undefined && groupIsStopped(server.pid);
}

function runsAgain(server: ServerProcess): boolean {
  const members = server.pid === undefined ? [] : groupMembers(server.pid);
  return members.length > 0 && members.every(({ state }) => state !== "T");
}

function evidence({
  server,
  happened,
  start,
  says,
}: {
  server: ServerProcess;
  happened: boolean;
  start: number;
  says: string;
}): FaultEvidence {
  return {
    happened,
    summary: `process ${server.pid}: ${says}`,
    details: { pid: server.pid ?? 0, tookMs: Math.round(performance.now() - start) },
  };
}
