/** Seeds in a row until one fails, the budget is used up, or somebody says stop. */
import { SeededRandom } from "../../reference/sim/seeded-random.ts";
import type { MachineSizes } from "./machine.ts";
import { drawOperations, type Operation } from "./operations.ts";
import type { RunOptions, RunResult } from "./run.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";

export interface Failure {
  readonly seed: number;
  readonly step: number;
  readonly says: string;
  /** The shortest list found that still fails, and what it shows. */
  readonly operations: readonly Operation[];
  readonly shrunkSays: string;
}

export interface CampaignProgress {
  readonly runs: number;
  readonly crashes: number;
  readonly answers: number;
  readonly deliveries: number;
  readonly diskCalls: number;
}

export interface CampaignResult extends CampaignProgress {
  readonly firstSeed: number;
  readonly failure: Failure | undefined;
}

export interface CampaignOptions {
  readonly seed: number;
  readonly operations: number;
  /** Default true; false shows a failure as it was found. */
  readonly shrinks?: boolean;
  /** Asked before each run. */
  readonly goesOn: (progress: CampaignProgress) => boolean;
}

/** Small segments and frequent checkpoints in all runs, of a size that the seed chooses; even seeds have a slow disk. */
export function sizesOf(seed: number): MachineSizes {
  return { segmentBytes: [1024, 2048, 8192][seed % 3] ?? 2048, checkpointSegments: 1 + (seed % 4), isSlow: seed % 2 === 0 };
}

export function runOptionsOf(seed: number): RunOptions {
  const sizes = sizesOf(seed);
  // One in four dies while it makes its store.
  return seed % 4 === 0 ? { seed, sizes, dieAt: { call: 1 + (seed % 23), ending: { keep: "kill", seed } } } : { seed, sizes };
}

export async function runCampaign({ seed: firstSeed, operations, shrinks = true, goesOn }: CampaignOptions): Promise<CampaignResult> {
  const total = { runs: 0, crashes: 0, answers: 0, deliveries: 0, diskCalls: 0 };
  for (let seed = firstSeed; goesOn(total); seed += 1) {
    const drawn = drawOperations(new SeededRandom(seed), operations, sizesOf(seed));
    const result = await simulate(drawn, runOptionsOf(seed));
    total.runs += 1;
    for (const count of ["crashes", "answers", "deliveries", "diskCalls"] as const) {
      total[count] += result[count];
    }
    if (result.violation !== undefined) {
      return { firstSeed, ...total, failure: await explain({ seed, drawn, violation: result.violation, shrinks }) };
    }
  }
  return { firstSeed, ...total, failure: undefined };
}

async function explain({
  seed,
  drawn,
  violation,
  shrinks,
}: {
  readonly seed: number;
  readonly drawn: readonly Operation[];
  readonly violation: NonNullable<RunResult["violation"]>;
  readonly shrinks: boolean;
}): Promise<Failure> {
  if (!shrinks) {
    return { seed, ...violation, operations: drawn, shrunkSays: violation.says };
  }
  const options = runOptionsOf(seed);
  const fails = async (shorter: readonly Operation[]): Promise<boolean> => (await simulate(shorter, options)).violation !== undefined;
  const shortest = await shrink(drawn.slice(0, violation.step + 1), fails);
  const shrunk = await simulate(shortest, options);
  return { seed, ...violation, operations: shortest, shrunkSays: shrunk.violation?.says ?? "" };
}
