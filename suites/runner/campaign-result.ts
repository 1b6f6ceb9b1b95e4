/** What the cycles of a campaign come to: verdict, figures, bound, pictures, and the command that shows a failure again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ruleOfThree } from "../../evidence/results/rule-of-three.ts";
import type { CampaignResult, LossPicture } from "../../evidence/results/schema.ts";
import type { Target } from "../../targets/target.ts";
import type { Control } from "./campaign-control.ts";
import type { CycleRecord } from "./campaign-cycle.ts";

export interface Outcome {
  readonly outcome: CampaignResult["outcome"];
  readonly reason?: string;
}

export interface CampaignParts {
  readonly campaign: string;
  readonly target: Pick<Target, "name" | "settings">;
  readonly seed: number;
  readonly planned: number;
  readonly cycles: readonly CycleRecord[];
  readonly control: Control | undefined;
  readonly skipped: readonly string[];
  readonly isStopped: boolean;
  readonly gaveUp: string | undefined;
  readonly minimal?: CampaignResult["minimal"];
  readonly durationMs: number;
  /** In place of what the cycles say. */
  readonly outcome?: Outcome;
}

const picturesMax = 6;
/** More strips than this are more than one page shows. */
const stripsMax = 400;

export function campaignResult(parts: CampaignParts): CampaignResult {
  const { cycles, control, planned, seed } = parts;
  const { outcome, reason } = parts.outcome ?? verdictOf(parts);
  const failed = cycles.filter((each) => each.outcome === "fail");
  const clean = cycles.filter((each) => each.outcome === "pass" && each.met);
  const bound = failed.length === 0 ? ruleOfThree(clean.length) : undefined;
  const kept = failed.find((each) => each.historyFile !== undefined) ?? cycles.at(-1);
  return {
    campaign: parts.campaign,
    outcome,
    seed,
    cycles: {
      planned,
      done: cycles.length,
      failed: failed.length,
      inconclusive: cycles.filter((each) => each.outcome === "inconclusive").length,
    },
    acknowledged: sum(cycles, (each) => each.acknowledged),
    lost: sum(cycles, (each) => each.lost),
    undone: sum(cycles, (each) => each.undone),
    figures: figuresOf(cycles),
    strips: cycles.slice(0, stripsMax).map(({ number, acknowledged, lost, picture, outcome: each }) => ({
      cycle: number,
      outcome: each,
      acknowledged,
      lost,
      place: picture?.place ?? "none",
    })),
    skipped: [...parts.skipped],
    ...(control === undefined ? {} : { control }),
    ...(bound === undefined ? {} : { bound }),
    ...(reason === undefined ? {} : { reason }),
    witness: [...(smallest(failed.map((each) => each.witness)) ?? [])],
    ...(parts.minimal === undefined ? {} : { minimal: parts.minimal }),
    pictures: pictures(failed, clean),
    ...(kept?.historyFile === undefined ? {} : { historyFile: kept.historyFile }),
    durationMs: parts.durationMs,
    reproduce: reproduce(parts, failed[0]),
  };
}

function verdictOf({ cycles, isStopped, gaveUp }: CampaignParts): Outcome {
  const first = (outcome: CycleRecord["outcome"]): CycleRecord | undefined => cycles.find((each) => each.outcome === outcome);
  const [failed, erred, unknown] = [first("fail"), first("error"), first("inconclusive")];
  const also = gaveUp === undefined ? "" : `; ${gaveUp}`;
  if (failed !== undefined) {
    return { outcome: "fail", reason: `${failed.summary}${also}` };
  }
  if (erred !== undefined) {
    return { outcome: "error", reason: `${erred.summary}${also}` };
  }
  if (isStopped) {
    return { outcome: "inconclusive", reason: `stopped after ${cycles.length} cycles` };
  }
  if (cycles.length === 0) {
    return { outcome: "inconclusive", reason: "no cycle ran within the budget" };
  }
  return unknown === undefined ? { outcome: "pass" } : { outcome: "inconclusive", reason: unknown.summary };
}

/** Of each figure its sum over the cycles, the most in one, and in how many it was not 0. */
function figuresOf(cycles: readonly CycleRecord[]): NonNullable<CampaignResult["figures"]> {
  const found = new Map<string, { total: number; most: number; cycles: number }>();
  for (const [key, value] of cycles.flatMap((each) => Object.entries(each.figures))) {
    const before = found.get(key) ?? { total: 0, most: 0, cycles: 0 };
    found.set(key, {
      total: before.total + value,
      most: Math.max(before.most, value),
      cycles: before.cycles + (value === 0 ? 0 : 1),
    });
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pictures(failed: readonly CycleRecord[], clean: readonly CycleRecord[]): LossPicture[] {
  const shown = failed.length > 0 ? failed : clean.slice(-1);
  return shown.flatMap((each) => (each.picture === undefined ? [] : [each.picture])).slice(0, picturesMax);
}

/** Every cycle draws from the seed and its own number, so the cycles before the failing one need not run as they did. */
function reproduce({ campaign, target, planned, seed, cycles }: CampaignParts, failed: CycleRecord | undefined): string {
  const count = failed?.number ?? Math.max(1, planned, cycles.length);
  return `npx streamproof crash ${campaign} --target ${target.name}${settingsOf(target)} --cycles ${count} --seed ${seed}`;
}

/** Beside the histories, so that it can be run as it is. Without a folder it is only in the result. */
export function keepMinimal(
  { text, steps }: { readonly text: string; readonly steps: number },
  { target, campaign, folder }: { target: CampaignParts["target"]; campaign: string; folder: string | undefined },
): NonNullable<CampaignResult["minimal"]> {
  const name = `${campaign}-smallest.yaml`;
  const file = folder === undefined ? undefined : join(folder, name);
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const command = `npx streamproof certify ${file ?? name} --target ${target.name}${settingsOf(target)}`;
  return { steps, text, ...(file === undefined ? {} : { file }), command };
}

function settingsOf({ settings }: CampaignParts["target"]): string {
  return Object.entries(settings)
    .map(([key, value]) => ` --set ${key}=${value}`)
    .join("");
}

function sum(cycles: readonly CycleRecord[], figure: (cycle: CycleRecord) => number): number {
  return cycles.reduce((total, each) => total + figure(each), 0);
}

function smallest(witnesses: readonly (readonly string[])[]): readonly string[] | undefined {
  return witnesses.filter((each) => each.length > 0).toSorted((a, b) => a.length - b.length)[0];
}
