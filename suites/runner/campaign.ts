/**
 * `crash`: load, cut at a drawn moment, restart, read back, judge; again and again, some cycles on one store, then a fresh one. Before the first
 * cycle the control runs through the same fault code: a server that keeps nothing must lose something, or the faults prove nothing.
 */
import { ruleOfThree } from "../../evidence/results/rule-of-three.ts";
import type { CampaignResult, LossPicture } from "../../evidence/results/schema.ts";
import type { Instance, Target } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
import { type Control, runControl } from "./campaign-control.ts";
import { type Cycle, runCycle } from "./campaign-cycle.ts";

export type CampaignEvent =
  | { readonly type: "control"; readonly control: Control }
  | {
      readonly type: "cycle";
      readonly cycle: number;
      readonly planned: number | undefined;
      readonly outcome: Cycle["outcome"];
      readonly summary: string;
    };

export interface RunCampaignOptions {
  readonly campaign: Campaign;
  readonly target: Target;
  /** Default: the campaign's own number, or as many as the budget holds. */
  readonly cycles?: number;
  /** No cycle begins after it. */
  readonly budgetMs?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly listener?: (event: CampaignEvent) => void;
  /** Where the histories of failing cycles, and of the last one, are kept. Without it nothing is written. */
  readonly historyDirectory?: string;
  /** Another control than the one that comes with the suites. */
  readonly control?: Target;
}

const picturesMax = 6;

/** Resolves with what was found, also when stopped on the way. Rejects with `TargetError` when the target can't be started at all. */
export async function runCampaign(options: RunCampaignOptions): Promise<CampaignResult> {
  const begin = performance.now();
  const run = new CampaignRun(options);
  const { has, missing } = await options.target.capabilities();
  const need = options.campaign.fault;
  if (!has.has(need)) {
    return run.result({
      outcome: "not-applicable",
      reason: `needs ${need}: ${missing.get(need) ?? "the target does not offer it"}`,
      begin,
    });
  }
  const control = await runControl(options).catch((error: unknown) => run.unlessStopped(error));
  if (control !== undefined) {
    run.control = control;
    options.listener?.({ type: "control", control });
  }
  if (control !== undefined && control.lost === 0) {
    return run.result({ outcome: "inconclusive", reason: `the control lost nothing: ${control.summary}`, begin });
  }
  await run.cycles(begin);
  return run.result({ ...run.verdict(), begin });
}

interface Outcome {
  readonly outcome: CampaignResult["outcome"];
  readonly reason?: string;
}

class CampaignRun {
  control: Control | undefined;
  readonly #options: RunCampaignOptions;
  readonly #seed: number;
  readonly #planned: number | undefined;
  readonly #done: Cycle[] = [];

  constructor(options: RunCampaignOptions) {
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.#planned = options.cycles ?? (options.budgetMs === undefined ? options.campaign.cycles : undefined);
  }

  async cycles(begin: number): Promise<void> {
    while (this.#goesOn(begin)) {
      await this.#oneStore(begin).catch((error: unknown) => this.unlessStopped(error));
    }
  }

  /** Cycles on one store until it has had its share, or one of them failed and the store can't be trusted any more. */
  async #oneStore(begin: number): Promise<void> {
    const { campaign, target, signal } = this.#options;
    const instance = await target.provision({ powerCut: campaign.fault === "power-cut", ...(signal === undefined ? {} : { signal }) });
    const onStore: Cycle[] = [];
    try {
      while (this.#goesOn(begin) && onStore.length < campaign.freshStoreEvery && !onStore.some((each) => each.outcome !== "pass")) {
        onStore.push(await this.#cycle(instance));
      }
      await this.#readAgain(onStore);
    } finally {
      await instance.dispose();
    }
  }

  async #cycle(instance: Instance): Promise<Cycle> {
    const { listener } = this.#options;
    const number = this.#done.length + 1;
    const cycle = await runCycle({ ...this.#options, instance, number, seed: this.#seed });
    this.#done.push(cycle);
    listener?.({ type: "cycle", cycle: number, planned: this.#planned, outcome: cycle.outcome, summary: cycle.summary });
    return cycle;
  }

  /** A later fault on the store may have taken what an earlier cycle still found. */
  async #readAgain(onStore: readonly Cycle[]): Promise<void> {
    if (onStore.at(-1)?.outcome !== "pass") {
      return;
    }
    for (const cycle of onStore.slice(0, -1)) {
      await cycle.readAgain();
    }
  }

  /** What the stop itself broke off is no failure: the cycles before it stand. */
  unlessStopped(error: unknown): undefined {
    if (this.#options.signal?.aborted !== true) {
      throw error;
    }
  }

  #goesOn(begin: number): boolean {
    const { budgetMs, signal } = this.#options;
    const inBudget = budgetMs === undefined || performance.now() - begin < budgetMs;
    return signal?.aborted !== true && inBudget && (this.#planned === undefined || this.#done.length < this.#planned);
  }

  verdict(): Outcome {
    const count = (outcome: Cycle["outcome"]): Cycle[] => this.#done.filter((each) => each.outcome === outcome);
    const [failed] = count("fail");
    const [erred] = count("error");
    const [unknown] = count("inconclusive");
    if (failed !== undefined) {
      return { outcome: "fail", reason: failed.summary };
    }
    if (erred !== undefined) {
      return { outcome: "error", reason: erred.summary };
    }
    if (this.#options.signal?.aborted === true) {
      return { outcome: "inconclusive", reason: `stopped after ${this.#done.length} cycles` };
    }
    if (this.#done.length === 0) {
      return { outcome: "inconclusive", reason: "no cycle ran within the budget" };
    }
    return unknown === undefined ? { outcome: "pass" } : { outcome: "inconclusive", reason: unknown.summary };
  }

  result({ outcome, reason, begin }: Outcome & { begin: number }): CampaignResult {
    const { campaign } = this.#options;
    const failed = this.#done.filter((each) => each.outcome === "fail");
    const clean = this.#done.filter((each) => each.outcome === "pass");
    const bound = failed.length === 0 ? ruleOfThree(clean.length) : undefined;
    const kept = failed.find((each) => each.historyFile !== undefined) ?? this.#done.at(-1);
    return {
      campaign: campaign.campaign,
      outcome,
      seed: this.#seed,
      cycles: {
        planned: this.#planned ?? this.#done.length,
        done: this.#done.length,
        failed: failed.length,
        inconclusive: this.#done.filter((each) => each.outcome === "inconclusive").length,
      },
      acknowledged: sum(this.#done, (each) => each.acknowledged),
      lost: sum(this.#done, (each) => each.lost),
      undone: sum(this.#done, (each) => each.undone),
      ...(this.control === undefined ? {} : { control: this.control }),
      ...(bound === undefined ? {} : { bound }),
      ...(reason === undefined ? {} : { reason }),
      witness: [...(smallest(failed.map((each) => each.witness)) ?? [])],
      pictures: this.#pictures(failed, clean),
      ...(kept?.historyFile === undefined ? {} : { historyFile: kept.historyFile }),
      durationMs: performance.now() - begin,
      reproduce: this.#reproduce(failed[0]),
    };
  }

  #pictures(failed: readonly Cycle[], clean: readonly Cycle[]): LossPicture[] {
    const shown = failed.length > 0 ? failed : clean.slice(-1);
    return shown.flatMap((each) => (each.picture === undefined ? [] : [each.picture])).slice(0, picturesMax);
  }

  /** Every cycle draws from the seed and its own number, so the cycles before the failing one need not run as they did. */
  #reproduce(failed: Cycle | undefined): string {
    const { campaign, target } = this.#options;
    const set = Object.entries(target.settings).map(([key, value]) => ` --set ${key}=${value}`);
    const cycles = failed?.number ?? this.#planned ?? Math.max(1, this.#done.length);
    return `npx streamproof crash ${campaign.campaign} --target ${target.name}${set.join("")} --cycles ${cycles} --seed ${this.#seed}`;
  }
}

function sum(cycles: readonly Cycle[], figure: (cycle: Cycle) => number): number {
  return cycles.reduce((total, each) => total + figure(each), 0);
}

function smallest(witnesses: readonly (readonly string[])[]): readonly string[] | undefined {
  return witnesses.filter((each) => each.length > 0).toSorted((a, b) => a.length - b.length)[0];
}
