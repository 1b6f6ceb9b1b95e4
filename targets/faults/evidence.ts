/** What an outside observer saw of a fault: the kernel's wait status and process table, never the tool's own intention. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { describeExit, type ServerProcess } from "../providers/server-process.ts";

export type Details = Record<string, string | number | boolean>;

/** The part of the evidence that is the server's end; `tookMs` since `start`. */
export function endDetails(server: ServerProcess, start: number): Details {
  const { exit } = server;
  return {
    pid: server.pid ?? 0,
    ended: exit !== undefined,
    ...(exit?.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit?.code === undefined ? {} : { exitCode: exit.code }),
    tookMs: Math.round(performance.now() - start),
  };
}

export function sawEnd(server: ServerProcess): string {
  return server.exit === undefined ? `process ${server.pid} still runs` : `process ${server.pid} ${describeExit(server.exit)}`;
}

/** For a fault asked of a server that is already gone: nothing was done to it. */
export function alreadyGone(server: ServerProcess): FaultEvidence | undefined {
  if (server.exit === undefined) {
    return undefined;
  }
  return {
    happened: false,
    summary: `nothing was done: ${sawEnd(server)} before`,
    details: { pid: server.pid ?? 0, ended: true },
  };
}
