/** What a server needs of the real machine besides the ports. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { constrainedMemory, cpuUsage, memoryUsage } from "node:process";
import type { Surroundings } from "../server.ts";
import type { ServerLog } from "../server-log.ts";
import { listenHttp } from "./http-listener.ts";
import { sameSecret } from "./secrets.ts";

export function systemSurroundings(log: ServerLog | undefined): Surroundings {
  return {
    ...(log === undefined ? {} : { log }),
    sameSecret,
    machineMemoryBytes: machineMemory(),
    machineStatus() {
      const { user, system } = cpuUsage();
      return {
        cores: availableParallelism(),
        memoryBytes: memoryUsage.rss(),
        cpuPercent: Math.round((user + system) / 10 / performance.now()),
      };
    },
    listenHttp,
    temporaryDirectory() {
      const path = mkdtempSync(join(tmpdir(), "streamproof-"));
      return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
    },
  };
}

/** A container's limit counts when there is one. */
function machineMemory(): number {
  const limit = constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
