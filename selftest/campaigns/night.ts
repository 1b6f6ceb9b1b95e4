/**
 * `npm run campaign:night -- --state DIR --budget 150m [--only NAME] [--list]`: runs the gates whole, in slices. Each slice goes on where the one before stopped; what is
 * finished is written to reports/published/NAME with the tree of `reference/` it is about. A change of `reference/` voids what was begun or published.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { disposeAll, type Results, runCrash, writeReports } from "../../api/index.ts";
import { frameResults } from "../../api/results-frame.ts";
import type { CampaignResult } from "../../evidence/results/schema.ts";
import { type CampaignGate, type Gate, isOfReference, isSimulation } from "./gates.ts";
import { commitKey, publishedFolder, type ReferenceSource, referenceKey, referenceSource, standingLine, standings } from "./published.ts";
import { runSimulatedStates } from "./simulated-states.ts";

const { values } = parseArgs({
  options: {
    /** Where unfinished campaigns stand. */
    state: { type: "string" },
    budget: { type: "string", default: "150m" },
    /** Names that contain this. */
    only: { type: "string" },
    /** Says what is published and still true; exits 1 when something is not. */
    list: { type: "boolean", default: false },
  },
});

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort(new Error(signal)));
}

const source = referenceSource();
if (values.list) {
  const all = standings(source.tree);
  say(all.map(standingLine).join("\n"));
  process.exitCode = all.some(({ state }) => state !== "current") ? 1 : 0;
} else if (values.state === undefined) {
  refuse("--state DIR is missing: the folder where unfinished campaigns stand between slices");
} else if (source.changed.length > 0) {
  refuse(`evidence names a commit, and these files are not as committed: ${source.changed.join(", ")}`);
} else {
  await runSlice(values.state, performance.now() + milliseconds(values.budget));
  await disposeAll();
}

async function runSlice(state: string, until: number): Promise<void> {
  const wanted = standings(source.tree).filter(({ gate, state: stands }) => stands !== "current" && gate.name.includes(values.only ?? ""));
  for (const { gate } of wanted) {
    if (stop.signal.aborted || performance.now() >= until) {
      break;
    }
    const folder = join(state, gate.name);
    voidOther(folder, gate, source);
    say(`== ${gate.name}`);
    const results = isSimulation(gate) ? await simulated(gate, folder, until) : await campaign(gate, folder, until);
    if (results !== undefined) {
      publish(gate, results);
    }
  }
  say(standings(source.tree).map(standingLine).join("\n"));
}

/** What was begun on another `reference/` says nothing about this one. */
function voidOther(folder: string, gate: Gate, { tree }: ReferenceSource): void {
  const note = join(folder, "reference.txt");
  const about = isOfReference(gate) ? tree : "";
  if (existsSync(folder) && (!existsSync(note) || readFileSync(note, "utf8") !== about)) {
    say(`${gate.name}: begun on another reference/, begins anew`);
    rmSync(folder, { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(note, about);
}

/** undefined when it is not finished. */
async function campaign(gate: CampaignGate, folder: string, until: number): Promise<Results | undefined> {
  const { campaign: name, target, set, cycles } = gate;
  let toldMs = 0;
  const results = await runCrash({
    campaign: name,
    target,
    set,
    cycles,
    budgetMs: until - performance.now(),
    out: folder,
    resume: existsSync(join(folder, `${name}.state.ndjson`)),
    command: `npm run campaign:night -- --only ${gate.name}`,
    signal: stop.signal,
    listener: (event) => {
      if (event.type === "cycle" && (event.outcome !== "pass" || performance.now() - toldMs > 60_000)) {
        toldMs = performance.now();
        say(`${gate.name} ${event.cycle}/${cycles} ${event.outcome}: ${event.acknowledged} acknowledged, ${event.lost} lost`);
      }
    },
  });
  const [result] = results.campaigns;
  const isThrough = result !== undefined && result.cycles.done >= result.cycles.planned;
  // What can't be run here, or was not believed, is not published.
  const counts = result !== undefined && (result.outcome === "pass" || result.outcome === "fail");
  if (!counts && result !== undefined && isThrough) {
    say(`${gate.name}: ${result.outcome}: ${result.reason ?? ""}`);
  }
  return isThrough && counts ? results : undefined;
}

async function simulated(gate: Extract<Gate, { states: number }>, folder: string, until: number): Promise<Results | undefined> {
  const startedAt = new Date();
  const result = await runSimulatedStates({ gate, folder, until, signal: stop.signal, tell: say }).catch((error: unknown) => {
    if (stop.signal.aborted) {
      return undefined;
    }
    throw error;
  });
  return result === undefined ? undefined : simulationResults(result, startedAt);
}

function simulationResults(result: CampaignResult, startedAt: Date): Results {
  return frameResults(
    {
      command: `npm run campaign:night -- --only ${result.campaign}`,
      startedAt,
      target: { name: "reference (simulated)", key: "embedded" },
      server: { name: "streamproof", version: "" },
      settings: {},
      capabilities: { has: new Set(), missing: new Map() },
      interrupted: false,
    },
    { campaigns: [result] },
  );
}

function publish(gate: Gate, results: Results): void {
  const about = isOfReference(gate) ? { [referenceKey]: source.tree, [commitKey]: source.commit } : {};
  const files = writeReports({ ...results, environment: { ...results.environment, ...about } }, join(publishedFolder, gate.name));
  say(`published: ${files.join(" ")}`);
}

function milliseconds(text: string): number {
  const [, count, unit = "m"] = /^(\d+)(s|m|h)$/.exec(text) ?? refuse(`--budget "${text}" is not a time like 90s, 150m or 2h`);
  return Number(count) * ({ s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 60_000);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
