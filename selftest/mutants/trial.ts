/** Runs what must catch a mutant on it, or on the server as it is. */
import { join } from "node:path";
import { execa } from "execa";
import { runConformance } from "../../api/conformance.ts";
import type { CampaignResult, CaseResult } from "../../evidence/results/schema.ts";
import { loadCatalog, runCampaign } from "../../suites/index.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import { defectOperations, defectRuns } from "../simulation/defects.ts";
import { type Catcher, root } from "./mutant.ts";

export interface Trial {
  /** `blind`: nothing was found. `none`: this machine can't do what the catcher needs, or the run came to no verdict. */
  readonly outcome: "caught" | "blind" | "none";
  readonly says: string;
  readonly seconds: number;
}

const targetFile = join(root, "selftest/mutants/mutant.yaml");

/** `mutant` is an id, or `none` for the server as it is. */
export async function tryOn(mutant: string, catcher: Catcher): Promise<Trial> {
  const begunMs = performance.now();
  const found = await tryCatcher(mutant, catcher);
  return { ...found, seconds: Math.round((performance.now() - begunMs) / 100) / 10 };
}

type Found = Omit<Trial, "seconds">;

function tryCatcher(mutant: string, catcher: Catcher): Promise<Found> {
  if ("case" in catcher) {
    return tryCases(mutant, catcher.case);
  }
  return "campaign" in catcher ? tryCampaign(mutant, catcher) : simulate(mutant, catcher.simulation);
}

/** Found by what the server holds, says or delivers, not because it fell over. */
const simulationFinds = /^(?:the server holds|the server does not start again|id id-|consumer |answered )/;

async function simulate(mutant: string, seed: number): Promise<Found> {
  const sizes = { seed, runs: defectRuns, operations: defectOperations };
  const options = Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const command = ["--import", join(root, "selftest/mutants/register.ts"), join(root, "selftest/simulation/main.ts"), ...options];
  const { stdout } = await execa(process.execPath, [...command, "--budget", "50s", "--no-shrink", "--json"], {
    env: { STREAMPROOF_MUTANT: mutant },
    reject: false,
  });
  const result: { runs?: number; failure?: { says: string } } = JSON.parse(stdout);
  const says = result.failure?.says;
  if (says === undefined) {
    return { outcome: "blind", says: "nothing found" };
  }
  return { outcome: simulationFinds.test(says) ? "caught" : "none", says: says.split("\n", 2).join(": ") };
}

async function tryCases(mutant: string, pattern: string): Promise<Found> {
  const { cases } = await runConformance({ target: "mutant", targetFile, set: { mutant }, patterns: [pattern], seed: 1 });
  const failed = cases.find(({ outcome }) => outcome === "fail");
  if (failed !== undefined) {
    return { outcome: "caught", says: wordsOf(failed) };
  }
  const other = cases.find(({ outcome }) => outcome !== "pass");
  return other === undefined && cases.length > 0
    ? { outcome: "blind", says: `${cases.length} passed` }
    : { outcome: "none", says: other === undefined ? "there is no such case" : `${other.outcome}: ${wordsOf(other)}` };
}

function wordsOf({ name, failure, reason }: CaseResult): string {
  return `${name}: ${failure?.message ?? reason ?? "no reason given"}`;
}

/** Ends with the first cycle that fails. */
async function tryCampaign(mutant: string, { campaign: name, cycles, seed }: Extract<Catcher, { campaign: string }>): Promise<Found> {
  const campaign = loadCatalog().campaigns.get(name);
  if (campaign === undefined) {
    return { outcome: "none", says: `there is no campaign "${name}"` };
  }
  const target = await resolveTarget("mutant", { targetFile, set: { mutant } });
  const found = new AbortController();
  const said: string[] = [];
  const result = await runCampaign({
    campaign,
    target,
    cycles,
    seed,
    minimises: false,
    signal: found.signal,
    listener: (event) => {
      if (event.type === "cycle" && event.outcome === "fail") {
        said.push(event.summary);
        found.abort();
      }
    },
  });
  if (said[0] !== undefined) {
    return { outcome: "caught", says: said[0] };
  }
  return result.outcome === "pass"
    ? { outcome: "blind", says: `${result.cycles.done} cycles passed` }
    : { outcome: "none", says: lackOf(result) };
}

function lackOf({ outcome, reason, skipped = [] }: CampaignResult): string {
  return [outcome, reason, ...skipped].filter((part) => part !== undefined).join("; ");
}
