/** The gate of simulated crash states: parts of the exhaustive simulation, each in a process of its own, put down one by one and added up. */
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { CampaignResult } from "../../evidence/results/schema.ts";
import { root } from "../lints/source-tree.ts";
import type { SimulationGate } from "./gates.ts";

const part = z.looseObject({
  part: z.int(),
  workloads: z.number(),
  states: z.number(),
  isComplete: z.boolean(),
  seconds: z.number(),
  failure: z.unknown().optional(),
});
type Part = z.infer<typeof part>;

export interface SimulatedOptions {
  readonly gate: SimulationGate;
  readonly folder: string;
  /** No part begins after it. */
  readonly until: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** undefined when the budget ended before there were enough. */
export async function runSimulatedStates({ gate, folder, until, signal, tell }: SimulatedOptions): Promise<CampaignResult | undefined> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "parts.ndjson");
  const done = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean).map(parsePart) : [];
  for (let number = done.length + 1; number <= gate.parts && !isEnough(gate, done); number++) {
    if (signal.aborted || performance.now() >= until) {
      return undefined;
    }
    const found = await runPart(gate, number, signal);
    appendFileSync(path, `${JSON.stringify(found)}\n`);
    done.push(found);
    tell(`part ${number} of ${gate.parts}: ${found.states} states, ${total(done)} of ${gate.states}`);
  }
  return resultOf(gate, done);
}

function parsePart(text: string): Part {
  return part.parse(JSON.parse(text));
}

async function runPart(gate: SimulationGate, number: number, signal: AbortSignal): Promise<Part> {
  const args = ["--exhaustive", "--length", String(gate.length), "--part", `${number}/${gate.parts}`, "--budget", "120m", "--json"];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(
    process.execPath,
    [join(root, "selftest/simulation/main.ts"), ...args],
    { signal, maxBuffer: 64 * 1024 * 1024 },
    (error, out) => {
      // A failure of the server ends it with 1 and its result all the same.
      if (error !== null && out.trim() === "") {
        reject(error);
        return;
      }
      resolve(out);
    },
  );
  return part.parse({ ...JSON.parse(await promise), part: number });
}

function total(parts: readonly Part[]): number {
  return parts.reduce((sum, each) => sum + each.states, 0);
}

function isEnough(gate: SimulationGate, parts: readonly Part[]): boolean {
  return total(parts) >= gate.states || parts.some((each) => each.failure !== undefined);
}

function resultOf(gate: SimulationGate, parts: readonly Part[]): CampaignResult {
  const failed = parts.filter((each) => each.failure !== undefined);
  const states = total(parts);
  const enough = states >= gate.states;
  const [first] = failed;
  const short = `the workloads of up to ${gate.length} steps have ${states} crash states, fewer than ${gate.states}`;
  return {
    campaign: gate.name,
    outcome: first !== undefined ? "fail" : enough ? "pass" : "inconclusive",
    ...(first !== undefined ? { reason: JSON.stringify(first.failure) } : enough ? {} : { reason: short }),
    seed: 0,
    cycles: { planned: gate.states, done: states, failed: failed.length, inconclusive: 0 },
    acknowledged: 0,
    lost: 0,
    undone: 0,
    bound: failed.length === 0 && states > 0 ? 3 / states : undefined,
    witness: first === undefined ? [] : [JSON.stringify(first.failure)],
    pictures: [],
    durationMs: parts.reduce((sum, each) => sum + each.seconds * 1000, 0),
    reproduce: `npm run simulate -- --exhaustive --length ${gate.length} --budget 120m`,
  };
}
