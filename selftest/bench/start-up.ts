/** From spawn to "Server is ready" of the built package, alternating with the official server, each on an empty store. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { max, median, min } from "simple-statistics";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Figure } from "./figures.ts";

const rounds = 11;
const goalMs = 300;

export async function measureStartUp({ root, official }: { root: string; official: string }): Promise<Figure> {
  const { executable } = await resolveTarget(official);
  if (executable === undefined) {
    throw new Error(`${official} has no executable to time`);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await readyAfterMs(process.execPath, [join(root, "dist/reference/main.js")]));
    theirs.push(await readyAfterMs(executable.path, []));
  }
  const spread = (times: number[]): string => `${Math.round(median(times))} ms [${Math.round(min(times))}, ${Math.round(max(times))}]`;
  return {
    name: "start to ready, built package, empty store",
    compared: `official ${spread(theirs)} in the same run`,
    value: spread(ours),
    goal: `≤ ${goalMs} ms`,
    met: median(ours) <= goalMs,
    command: "npm run bench",
  };
}

async function readyAfterMs(command: string, args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "streamproof-start-"));
  const begin = performance.now();
  const child = spawn(command, [...args, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.includes("Server is ready")) {
        return performance.now() - begin;
      }
    }
    throw new Error(`${command} ended before it was ready`);
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
