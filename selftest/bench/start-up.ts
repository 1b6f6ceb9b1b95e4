/** From spawn to "Server is ready" of the built package, alternating with the official server, each on an empty store. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { max, median, min } from "simple-statistics";
import { resolveTarget } from "../../targets/resolve.ts";
import { atMost, type Figure } from "./figure.ts";
import { type BenchOptions, commandFor, type Measurement } from "./measurement.ts";

const name = "start to ready, built package, empty store";
const rounds = 11;
const goal = atMost(300, "ms");
const program = fileURLToPath(new URL("../../dist/reference/main.js", import.meta.url));

export const startUp: Measurement = { names: () => [name], run: measure };

async function measure({ official, quick, signal }: BenchOptions): Promise<Figure[]> {
  const { executable } = await resolveTarget(official);
  if (executable === undefined) {
    throw new Error(`${official} has no executable to time`);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < (quick ? 3 : rounds) && !signal.aborted; round++) {
    ours.push(await readyAfterMs(process.execPath, [program]));
    theirs.push(await readyAfterMs(executable.path, []));
  }
  const spread = (times: number[]): string => `${Math.round(median(times))} ms [${Math.round(min(times))}, ${Math.round(max(times))}]`;
  // The goal is for a usual start: the slowest of eleven tells about the machine.
  const usual = { low: median(ours), high: median(ours) };
  const compared = `official ${spread(theirs)} in the same run`;
  return [{ name, compared, value: spread(ours), goal: goal.text, met: goal.judge(usual), client: "", command: commandFor(name, quick) }];
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
