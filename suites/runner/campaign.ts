/**
 * `crash`: load, a blow at a drawn moment, restart, read back, judge; again and again, some cycles on one store, then a fresh one. Before the first
 * cycle the control runs through the same fault code: a server that does not keep what it acknowledges must be caught, or the faults prove nothing.
 */
import type { CampaignResult } from "../../evidence/results/schema.ts";
import type { Capability, Instance, Target } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
import { type FaultFields, needsOfFault } from "../catalog/fault-plan.ts";
import { needsOwnDisk } from "../catalog/matrix.ts";
import { minimise } from "../minimiser/minimise.ts";
import { KeptStore } from "../strikes/kept-store.ts";
import { FaultPlan, type Part } from "../strikes/plan.ts";
import { type Control, runControl } from "./campaign-control.ts";
import { type Cycle, type CycleRecord, runCycle } from "./campaign-cycle.ts";
import { campaignResult, keepMinimal, type Outcome } from "./campaign-result.ts";
import type { CampaignState } from "./campaign-state.ts";

export type CampaignEvent =
  | { readonly type: "control"; readonly control: Control }
  | { readonly type: "skipped"; readonly lines: readonly string[] }
  | { readonly type: "resumed"; readonly cycles: number }
  | { readonly type: "minimising"; readonly cycle: number }
  | { readonly type: "minimal"; readonly steps: number; readonly tries: number; readonly command: string; readonly text: string }
  | {
      readonly type: "cycle";
      readonly cycle: number;
      readonly planned: number | undefined;
      readonly outcome: CycleRecord["outcome"];
      readonly summary: string;
      /** Over all cycles so far. */
      readonly acknowledged: number;
      readonly lost: number;
      /** Places of the sweeps that are through, for plans that have them. */
      readonly swept: { readonly done: number; readonly of: number } | undefined;
    };

export interface RunCampaignOptions {
  readonly campaign: Campaign;
  readonly target: Target;
  /** Default: the campaign's own number, or as many as the budget holds. */
  readonly cycles?: number;
  /** No cycle of this run begins after it. */
  readonly budgetMs?: number;
  readonly seed?: number;
  /** Of a sweep over bits only this part. */
  readonly part?: Part;
  readonly signal?: AbortSignal;
  readonly listener?: (event: CampaignEvent) => void;
  /** Where the histories of failing cycles, and of the last one, are kept. Without it nothing is written. */
  readonly historyDirectory?: string;
  /** Whether a failure is made small, which takes up to a minute and a half. Default: yes. */
  readonly minimises?: boolean;
  /** What to go on from, and where each cycle is put down. */
  readonly state?: CampaignState;
  /** Another control than the one that comes with the suites. */
  readonly control?: Target;
}

/** A server that does not come back so often in a row is not asked any more. */
const silentInARowMax = 3;

/**
 * Resolves with what was found, also when stopped on the way. Rejects with `TargetError` when the target can't be started at all, with `CampaignChanged` when
 * the state is another campaign's.
 */
export async function runCampaign(options: RunCampaignOptions): Promise<CampaignResult> {
  const { campaign, target, listener, state } = options;
  const { has, missing } = await target.capabilities();
  const lines = campaign.faults.map((fault, line) => ({ line, fault }));
  const lackOf = (fault: FaultFields): Capability | undefined => needsOfFault(fault, campaign.volume).find((need) => !has.has(need));
  const possible = lines.filter(({ fault }) => lackOf(fault) === undefined);
  const skipped = lines.flatMap(({ line, fault }) => {
    const lack = lackOf(fault);
    return lack === undefined
      ? []
      : [`line ${line + 1} (${fault.do}) needs ${lack}: ${missing.get(lack) ?? "the target does not offer it"}`];
  });
  const run = new CampaignRun(options, possible, skipped);
  if (possible.length === 0) {
    const reason = skipped.map((each) => each.replace(/^line \d+ \(.*?\) /, ""));
    return run.result({ outcome: "not-applicable", reason: [...new Set(reason)].join("; ") });
  }
  if (skipped.length > 0) {
    listener?.({ type: "skipped", lines: skipped });
  }
  const control = state?.control ?? (await runControl(options).catch((error: unknown) => run.unlessStopped(error)));
  run.control = control;
  if (control !== undefined && state?.control === undefined) {
    listener?.({ type: "control", control });
  }
  if (control !== undefined && control.lost === 0) {
    return run.result({ outcome: "inconclusive", reason: `the control lost nothing: ${control.summary}` });
  }
  await run.cycles();
  await run.makeSmall();
  return run.result();
}

class CampaignRun {
  control: Control | undefined;
  readonly #options: RunCampaignOptions;
  readonly #seed: number;
  readonly #planned: number | undefined;
  readonly #plan: FaultPlan;
  readonly #powerCut: boolean;
  readonly #skipped: readonly string[];
  readonly #begin = performance.now();
  readonly #done: CycleRecord[];
  #firstFailed: Cycle | undefined;
  #minimal: CampaignResult["minimal"];
  #isThrough = false;
  #silentInARow = 0;
  #isIdentified = false;

  constructor(
    options: RunCampaignOptions,
    faults: readonly { readonly line: number; readonly fault: FaultFields }[],
    skipped: readonly string[],
  ) {
    const { state, campaign } = options;
    this.#options = options;
    this.#skipped = skipped;
    this.#seed = options.seed ?? 1;
    this.#planned = options.cycles ?? (options.budgetMs === undefined ? campaign.cycles : undefined);
    this.#plan = new FaultPlan(faults, options.part);
    this.#powerCut = needsOwnDisk(faults.flatMap(({ fault }) => needsOfFault(fault, campaign.volume)));
    this.#done = [...(state?.cycles ?? [])];
    this.#plan.goOnAfter(this.#done);
    if (this.#done.length > 0) {
      options.listener?.({ type: "resumed", cycles: this.#done.length });
    }
  }

  async cycles(): Promise<void> {
    while (this.#goesOn()) {
      await this.#oneStore().catch((error: unknown) => this.unlessStopped(error));
    }
  }

  /** Cycles on one store until it has had its share, or one of them failed and the store can't be trusted any more. */
  async #oneStore(): Promise<void> {
    const { campaign, target, signal } = this.#options;
    const volume = this.#powerCut ? { volume: campaign.volume } : {};
    const instance = await target.provision({ powerCut: this.#powerCut, ...volume, ...(signal === undefined ? {} : { signal }) });
    const kept = campaign.keepsStore ? new KeptStore() : undefined;
    const onStore: Cycle[] = [];
    const isTrusted = (): boolean => onStore.every((each) => each.record.outcome === "pass");
    try {
      this.#identify(instance);
      while (this.#goesOn() && onStore.length < campaign.freshStoreEvery && isTrusted()) {
        const cycle = await this.#cycle(instance, kept);
        if (cycle !== undefined) {
          onStore.push(cycle);
        }
      }
      if (isTrusted() && kept === undefined) {
        await this.#readAgain(onStore);
      }
    } finally {
      await kept?.dispose();
      await instance.dispose();
    }
  }

  async #cycle(instance: Instance, kept: KeptStore | undefined): Promise<Cycle | undefined> {
    const number = this.#done.length + 1;
    const cycle = await runCycle({ ...this.#options, plan: this.#plan, instance, kept, number, seed: this.#seed });
    if (cycle === undefined) {
      this.#isThrough = true;
      return undefined;
    }
    const { record } = cycle;
    if (record.outcome === "fail" && record.wasJudged) {
      this.#firstFailed ??= cycle;
    }
    this.#done.push(record);
    this.#silentInARow = record.wasJudged ? 0 : this.#silentInARow + 1;
    this.#put(record);
    return cycle;
  }

  /** The first failure that was found in this run, as a case file of few steps. */
  async makeSmall(): Promise<void> {
    const { target, campaign, historyDirectory, listener, signal, minimises = true } = this.#options;
    const cycle = this.#firstFailed;
    if (cycle === undefined || !minimises || signal?.aborted === true) {
      return;
    }
    listener?.({ type: "minimising", cycle: cycle.record.number });
    const about = `Found by the campaign ${campaign.campaign} on ${target.name}, seed ${this.#seed}, cycle ${cycle.record.number}.`;
    const found = await minimise({
      target,
      history: cycle.history(),
      blow: cycle.blow,
      suite: `found.${campaign.campaign}`,
      about,
      signal,
    });
    if (found !== undefined) {
      const kept = keepMinimal(found, { target, campaign: campaign.campaign, folder: historyDirectory });
      this.#minimal = kept;
      listener?.({ type: "minimal", steps: found.steps, tries: found.tries, command: kept.command, text: kept.text });
    }
  }

  #put(record: CycleRecord): void {
    const { listener, state } = this.#options;
    state?.keep(record, this.#elapsedMs);
    listener?.({
      type: "cycle",
      cycle: record.number,
      planned: this.#planned,
      outcome: record.outcome,
      summary: record.summary,
      acknowledged: this.#done.reduce((sum, each) => sum + each.acknowledged, 0),
      lost: this.#done.reduce((sum, each) => sum + each.lost, 0),
      swept: this.#plan.swept,
    });
  }

  /** A later fault on the store may have taken what an earlier cycle still found. */
  async #readAgain(onStore: readonly Cycle[]): Promise<void> {
    for (const cycle of onStore.slice(0, -1)) {
      await cycle.readAgain();
      if (cycle.record.outcome !== "pass") {
        this.#done[cycle.record.number - 1] = cycle.record;
        this.#put(cycle.record);
      }
    }
  }

  #identify({ server, target, settings }: Instance): void {
    const { state, campaign } = this.#options;
    if (state === undefined || this.#isIdentified) {
      return;
    }
    this.#isIdentified = true;
    const { campaign: name, ...plan } = campaign;
    state.identify({
      campaign: name,
      plan: JSON.stringify({ ...plan, place: undefined, cycles: undefined, part: this.#options.part }),
      target: target.name,
      settings: { ...settings },
      seed: this.#seed,
      version: server.version,
    });
    if (this.control !== undefined && state.control === undefined) {
      state.keepControl(this.control);
    }
  }

  get #elapsedMs(): number {
    return (this.#options.state?.elapsedMs ?? 0) + performance.now() - this.#begin;
  }

  /** What the stop itself broke off is no failure: the cycles before it stand. */
  unlessStopped(error: unknown): undefined {
    if (this.#options.signal?.aborted !== true) {
      throw error;
    }
  }

  #goesOn(): boolean {
    const { budgetMs, signal } = this.#options;
    const inBudget = budgetMs === undefined || performance.now() - this.#begin < budgetMs;
    const inPlan = !this.#isThrough && (this.#planned === undefined || this.#done.length < this.#planned);
    return signal?.aborted !== true && inBudget && inPlan && this.#silentInARow < silentInARowMax;
  }

  result(outcome?: Outcome): CampaignResult {
    const { campaign, target, signal } = this.#options;
    return campaignResult({
      campaign: campaign.campaign,
      target,
      seed: this.#seed,
      planned: this.#isThrough ? this.#done.length : (this.#planned ?? this.#done.length),
      cycles: this.#done,
      control: this.control,
      skipped: this.#skipped,
      isStopped: signal?.aborted === true,
      minimal: this.#minimal,
      gaveUp: this.#silentInARow >= silentInARowMax ? `${silentInARowMax} cycles in a row did not end with an answer` : undefined,
      durationMs: this.#elapsedMs,
      ...(outcome === undefined ? {} : { outcome }),
    });
  }
}
