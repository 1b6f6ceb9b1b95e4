/**
 * `npm run simulate`: the whole reference server against a model, from seeds or, with `--exhaustive`, through every crash of short
 * workloads. Exits 1 with the seed and the shortest operations found when something does not hold.
 */
import { parseArgs } from "node:util";
import { type CampaignResult, runCampaign, runOptionsOf } from "./campaign.ts";
import { type ExhaustiveResult, runExhaustive } from "./exhaustive.ts";
import type { Operation } from "./operations.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    seed: { type: "string", default: "1" },
    budget: { type: "string", default: "60s" },
    operations: { type: "string", default: "200" },
    /** Seeds to try at most. */
    runs: { type: "string" },
    exhaustive: { type: "boolean", default: false },
    /** Steps of the longest exhaustive workload. */
    length: { type: "string", default: "3" },
    /** `2/5`: the second fifth of the exhaustive workloads. */
    part: { type: "string", default: "1/1" },
    /** JSON list of operations, run once under `--seed`: how a shrunk failure is repeated. */
    replay: { type: "string" },
    /** `--no-shrink` shows a failure as it was found. */
    shrink: { type: "boolean", default: true },
    json: { type: "boolean", default: false },
  },
});

const seed = wholeNumber("--seed", values.seed, 0);
const began = performance.now();
const budgetMs = milliseconds(values.budget);
let isStopped = false;
process.once("SIGINT", () => {
  isStopped = true;
});

const inTime = progress();
if (values.replay !== undefined) {
  await replay(values.replay);
} else if (values.exhaustive) {
  const [number = 0, of = 0] = values.part.split("/").map((text) => wholeNumber("--part", text, 1));
  if (number > of) {
    refuse(`--part "${values.part}" is not one of that many, like 2/5`);
  }
  const result = await runExhaustive({ lengthMax: wholeNumber("--length", values.length, 0), part: { number, of }, goesOn: inTime });
  tell(result, result.failure !== undefined, describeExhaustive(result));
} else {
  const runsMax = values.runs === undefined ? Number.POSITIVE_INFINITY : wholeNumber("--runs", values.runs, 1);
  const result = await runCampaign({
    seed,
    operations: wholeNumber("--operations", values.operations, 1),
    shrinks: values.shrink,
    goesOn: (so) => so.runs < runsMax && inTime(so),
  });
  tell(result, result.failure !== undefined, describeCampaign(result));
}

async function replay(text: string): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own output, handed back by the person who reads it
  const operations = JSON.parse(text) as Operation[];
  const { violation, trace } = await simulate(operations, runOptionsOf(seed));
  tell({ seed, trace, violation }, violation !== undefined, `trace ${trace.toString(16)}: ${violation?.says ?? "everything holds"}`);
}

function tell(result: object, isFailure: boolean, text: string): void {
  process.stdout.write(`${values.json ? JSON.stringify({ ...result, seconds: seconds() }) : text}\n`);
  process.exitCode = isFailure ? 1 : 0;
}

function describeCampaign({ firstSeed, runs, crashes, answers, deliveries, diskCalls, failure }: CampaignResult): string {
  const did = `${runs} runs from seed ${firstSeed}: ${crashes} crashes, ${answers} answers, ${deliveries} deliveries, ${diskCalls} disk calls in ${seconds()} s`;
  if (failure === undefined) {
    return `${did}; everything holds`;
  }
  return [
    did,
    `seed ${failure.seed}, operation ${failure.step}: ${failure.says}`,
    `repeat it: npm run simulate -- --seed ${failure.seed} --runs 1 --operations ${values.operations}`,
    `${failure.operations.length} operations are enough:`,
    ...failure.operations.map((operation) => `  ${JSON.stringify(operation)}`),
    `they show: ${failure.shrunkSays}`,
    `repeat them: npm run simulate -- --seed ${failure.seed} --replay '${JSON.stringify(failure.operations)}'`,
  ].join("\n");
}

function describeExhaustive({ workloads, states, isComplete, failure }: ExhaustiveResult): string {
  const rate = Math.round(states / Math.max(seconds(), 0.001));
  const did = `${states} crash states of ${workloads} workloads in ${seconds()} s (${rate} a second)`;
  if (failure !== undefined) {
    const { word, call, ending, says } = failure;
    return `${did}\n${word.join(", ")}: crash at disk call ${call}, ${ending.keep}: ${says}`;
  }
  return `${did}; ${isComplete ? "all there are" : "the budget ended before the last"}; everything holds`;
}

/** True as long as the budget lasts; says on stderr every few seconds how far it is. */
function progress(): (so: object) => boolean {
  let toldMs = began;
  return (so) => {
    const nowMs = performance.now();
    if (nowMs - toldMs > 5000) {
      toldMs = nowMs;
      process.stderr.write(`${seconds()} s ${JSON.stringify(so)}\n`);
    }
    return !isStopped && nowMs - began < budgetMs;
  };
}

function seconds(): number {
  return Math.round((performance.now() - began) / 100) / 10;
}

function milliseconds(text: string): number {
  const [, count, unit = "s"] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  if (count === undefined) {
    refuse(`--budget "${text}" is not a time like 60s, 5m or 2h`);
  }
  return Number(count) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1000);
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`${option} "${text}" is not a whole number of at least ${least}`);
}

function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
