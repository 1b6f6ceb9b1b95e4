/**
 * What the load client could do if no server held it back: messages for a second of its CPU time, against a server that does nothing.
 * When this is not far above what a server does, figures of that server are figures of the client.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runLoad } from "../../api/load.ts";
import type { LoadBlock } from "../../evidence/results/schema.ts";
import { atLeast, type Figure, type Goal } from "./figure.ts";
import { type BenchOptions, commandFor, type Measurement, missing } from "./measurement.ts";

interface Capacity {
  readonly name: string;
  readonly profile: string;
  readonly window?: number;
  readonly goal: Goal;
}

const unit = "million for a second of CPU time";

const capacities: readonly Capacity[] = [
  { name: "load client alone, publishes, window 1024", profile: "pub-async", window: 1024, goal: atLeast(1, unit) },
  { name: "load client alone, pulled messages", profile: "pull-no-ack", goal: atLeast(2, unit) },
  { name: "load client alone, pulled and acknowledged messages", profile: "pull", goal: atLeast(1, unit) },
];

export const clientCapacities: readonly Measurement[] = capacities.map((capacity) => ({
  names: () => [capacity.name],
  run: async (options) => [await measure(capacity, options)],
}));

async function measure({ name, profile, window, goal }: Capacity, { quick, seed, signal, onLine }: BenchOptions): Promise<Figure> {
  await using server = await startNullServer();
  const { loads } = await runLoad({
    target: server.url,
    profile,
    size: quick ? "smoke" : "ci",
    pairs: 3,
    seed,
    signal,
    ...(window === undefined ? {} : { overrides: { window } }),
  });
  const [load] = loads;
  if (load === undefined || load.outcome === "fail" || load.blocks.length === 0) {
    return missing(name, load?.reason ?? "interrupted", { goal: goal.text });
  }
  const each = load.blocks.map(capacityOf);
  const low = Math.min(...each);
  const high = Math.max(...each);
  const value = `${low.toFixed(1)} to ${high.toFixed(1)} ${unit}`;
  onLine(`${name}: ${value}`);
  const client = `${Math.round(Math.max(...load.blocks.map((block) => block.generatorCpuShare ?? 0)) * 100)} %`;
  const compared = "a server that stores nothing and delivers one message again and again";
  return { name, compared, value, goal: goal.text, met: goal.judge({ low, high }), client, command: commandFor(name, quick) };
}

function capacityOf({ perSecond, generatorCpuShare }: LoadBlock): number {
  return perSecond / (generatorCpuShare ?? Number.POSITIVE_INFINITY) / 1e6;
}

/** Ends with its standard input: also when this process is killed. */
async function startNullServer(): Promise<{ url: string } & AsyncDisposable> {
  const program = fileURLToPath(new URL("null-server.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  for await (const url of createInterface({ input: child.stdout })) {
    return {
      url,
      [Symbol.asyncDispose]: async () => {
        child.stdin.end();
        await ended;
      },
    };
  }
  throw new Error("the null server ended before it listened");
}
