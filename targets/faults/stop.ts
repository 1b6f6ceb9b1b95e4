/** The graceful end: the signal an operator would send, then SIGKILL when the server does not end in time. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { ServerProcess } from "../providers/server-process.ts";
import { alreadyGone, endDetails, sawEnd } from "./evidence.ts";

export interface StopOptions {
  readonly signal: NodeJS.Signals;
  readonly withinMs: number;
}

const killWithinMs = 10_000;

export async function stop(server: ServerProcess, { signal, withinMs }: StopOptions): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  server.signalLeader(signal);
  // A server that was paused would never see the signal.
  server.signalGroup("SIGCONT");
  const graceful = await server.ended(withinMs);
  const forced = !graceful;
  if (forced) {
    server.signalGroup("SIGKILL");
    await server.ended(killWithinMs);
  }
  const says = forced ? `${signal} did not end it within ${withinMs} ms; ${sawEnd(server)}` : sawEnd(server);
  return { happened: server.exit !== undefined, summary: says, details: { ...endDetails(server, start), sent: signal, forced } };
}
