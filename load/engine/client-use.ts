/** What the load client itself takes of the machine while it measures: near one core, the client is what was measured. */
import { performance } from "node:perf_hooks";

/** Above this share of one core a closed model measures its own client. */
const cpuShareMax = 0.85;
/** An event loop that never waits is no better, whoever took the core away. */
const busyMax = 0.95;

/** What the client itself used of the machine while it measured, as shares of one core. */
export interface ClientUse {
  readonly cpuShare: number;
  /** Of the time the event loop did not wait for events. */
  readonly busyShare: number;
}

export const idleClient: ClientUse = { cpuShare: 0, busyShare: 0 };

/** CPU time counts all threads of this process: collecting garbage is part of what the client costs. */
export function startClientMeter(): () => ClientUse {
  const startMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const busyShare = performance.eventLoopUtilization(loopBefore).utilization;
    return { cpuShare: (user + system) / 1000 / (performance.now() - startMs), busyShare };
  };
}

/** Why a closed model measured its own client, in words. */
export function clientBoundOf({ cpuShare, busyShare }: ClientUse): string | undefined {
  if (cpuShare > cpuShareMax) {
    return `the client used ${Math.round(cpuShare * 100)} % of a core`;
  }
  return busyShare > busyMax ? `the client was busy ${Math.round(busyShare * 100)} % of the time` : undefined;
}
