/** kill -9 of the whole process group. The page cache survives; only what the server kept in its own memory is lost. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { ServerProcess } from "../providers/server-process.ts";
import { alreadyGone, endDetails, sawEnd } from "./evidence.ts";

const endWithinMs = 10_000;

export async function kill(server: ServerProcess): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  server.signalGroup("SIGKILL");
  const ended = await server.ended(endWithinMs);
  return {
    // A server that happened to end by itself at this moment was not killed.
    happened: ended && server.exit?.signal === "SIGKILL",
    summary: sawEnd(server),
    details: endDetails(server, start),
  };
}
