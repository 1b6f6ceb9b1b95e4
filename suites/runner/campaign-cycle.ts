/** One cycle of a campaign: its own stream and its own history on a store that others used before it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lossPictureOf } from "../../evidence/checks/loss-picture.ts";
import type { History } from "../../evidence/history/history.ts";
import { HistoryFile } from "../../evidence/history/history-file.ts";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { LossPicture } from "../../evidence/results/schema.ts";
import type { Instance } from "../../targets/target.ts";
import type { Campaign, CampaignWorkload } from "../catalog/campaign-file.ts";
import { type Blow, printBlow } from "../strikes/blow.ts";
import type { KeptStore } from "../strikes/kept-store.ts";
import { Load } from "../strikes/load.ts";
import type { FaultPlan, Turn } from "../strikes/plan.ts";
import { strike } from "../strikes/strike.ts";
import { makeWorkload } from "../workloads/registry.ts";
import { SeededRandom } from "../workloads/seeded-random.ts";
import type { Workload } from "../workloads/workload.ts";
import { type CycleJudgement, judgeCycle } from "./cycle-judgement.ts";
import { within } from "./deadline.ts";
import { verdictOfError } from "./verdict.ts";

const operationTimeoutMs = 5000;
/** A server that neither comes back nor fails has failed. */
const cycleWithinMs = 180_000;

export interface CycleOptions {
  readonly campaign: Pick<Campaign, "campaign" | "workload" | "checks">;
  readonly plan: FaultPlan;
  readonly instance: Instance;
  readonly kept?: KeptStore | undefined;
  /** From 1. */
  readonly number: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly historyDirectory?: string;
}

/** What is known of a cycle when it is over, as plain data: the state file of a campaign holds one a line. */
export interface CycleRecord {
  readonly number: number;
  /** Index of the line of the plan. */
  readonly line: number;
  readonly blow: string;
  /** false when a sweep's call never came. */
  readonly met: boolean;
  readonly outcome: "pass" | "fail" | "inconclusive" | "error";
  readonly summary: string;
  readonly acknowledged: number;
  readonly lost: number;
  readonly undone: number;
  /** The server answered to the end; false when it did not come back, or was not heard of any more. */
  readonly wasJudged: boolean;
  readonly figures: Readonly<Record<string, number>>;
  readonly witness: readonly string[];
  readonly picture: LossPicture | undefined;
  /** The history as NDJSON, kept for a cycle that is not clean. */
  readonly historyFile: string | undefined;
}

export interface Cycle {
  readonly record: CycleRecord;
  readonly blow: Blow;
  history(): History;
  /** Reads the cycle's streams once more and judges again: a later fault may have hurt them. Never rejects. */
  readAgain(): Promise<void>;
}

/** undefined when the plan is through. Rejects only for a mistake of the caller; everything a server does is in the outcome. */
export async function runCycle(options: CycleOptions): Promise<Cycle | undefined> {
  const random = new SeededRandom(Math.imul(options.seed, 0x9e3779b1) ^ options.number);
  const workloadSeed = random.between(1, 0x7fffffff);
  const turn = options.plan.turn(random);
  if (turn === undefined) {
    return undefined;
  }
  const cycle = new RunningCycle(options, turn, workloadSeed);
  await cycle.run();
  options.plan.done(turn, cycle.record.met);
  return cycle;
}

const unjudged: CycleJudgement = {
  outcome: "error",
  summary: "the cycle did not run",
  witness: [],
  picture: undefined,
  figures: {},
};

class RunningCycle implements Cycle {
  readonly #options: CycleOptions;
  readonly #turn: Turn;
  readonly #history: HistoryWriter;
  readonly #file: HistoryFile | undefined;
  readonly #workload: Workload;
  readonly #load: Load;
  #judgement = unjudged;
  #wasJudged = false;
  #met = true;

  constructor(options: CycleOptions, turn: Turn, workloadSeed: number) {
    const { campaign, instance, number, seed, signal = new AbortController().signal } = options;
    this.#options = options;
    this.#turn = turn;
    this.#file = fileOf(options);
    this.#history = new HistoryWriter(this.#file === undefined ? {} : { sink: this.#file });
    const { use, ...load } = workloadOf(campaign, turn);
    this.#history.run({ workload: use, target: instance.target.name, seed, settings: instance.settings });
    this.#workload =
      options.kept?.workload ?? makeWorkload(use, { ...load, prefix: `cycle${number}`, storage: "file", seed: workloadSeed });
    const timeoutMs = operationTimeoutMs + turn.blow.lastsMs;
    this.#load = new Load({ workload: this.#workload, url: instance.url, history: this.#history, signal, timeoutMs });
  }

  get blow(): Blow {
    return this.#turn.blow;
  }

  history(): History {
    return this.#history.history();
  }

  get record(): CycleRecord {
    const { outcome, summary, witness, picture, figures } = this.#judgement;
    const isKept = outcome !== "pass";
    return {
      number: this.#options.number,
      line: this.#turn.line,
      blow: printBlow(this.#turn.blow),
      met: this.#met,
      outcome,
      summary: `cycle ${this.#options.number}: ${summary}`,
      acknowledged: picture?.acknowledged ?? 0,
      lost: picture?.lost ?? 0,
      undone: picture?.undone.length ?? 0,
      wasJudged: this.#wasJudged,
      figures,
      witness,
      picture,
      historyFile: isKept ? this.#file?.path : undefined,
    };
  }

  async run(): Promise<void> {
    try {
      await within(this.#hurtAndRead(), { timeoutMs: cycleWithinMs, what: "the cycle" });
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#keepOrRemove();
    }
  }

  async readAgain(): Promise<void> {
    this.#history.note("read again after later faults on the same store");
    try {
      await within(this.#workload.readBack(this.#load.context()), { timeoutMs: cycleWithinMs, what: "the read-back" });
      this.#judge();
    } catch (error) {
      this.#explain(error);
    }
  }

  async #hurtAndRead(): Promise<void> {
    const { instance, kept } = this.#options;
    if (kept?.workload === undefined) {
      await this.#workload.prepare(this.#load.context());
    }
    const { met } = await strike(this.#turn.blow, {
      instance,
      history: this.#history,
      load: this.#load,
      workload: this.#workload,
      kept,
      sweeps: this.#turn.sweeps,
      onStrike: () => this.#file?.flush(),
    });
    this.#met = met;
    await this.#workload.readBack(this.#load.context());
    this.#judge();
  }

  #judge(): void {
    this.#judgement = judgeCycle(this.#history.history(), this.#options.campaign.checks, {
      title: `cycle ${this.#options.number}`,
      blow: printBlow(this.#turn.blow),
    });
    if (!this.#met && this.#turn.sweeps && this.#judgement.outcome === "inconclusive") {
      this.#judgement = {
        ...this.#judgement,
        outcome: "pass",
        summary: `${printBlow(this.#turn.blow)}: there is no such one; the sweep goes on`,
      };
    }
    this.#wasJudged = true;
  }

  /** Not coming back, or refusing what it is asked, is the server's failure and the witness is what it said. */
  #explain(error: unknown): void {
    this.#options.signal?.throwIfAborted();
    const { outcome, failure, reason } = verdictOfError(error, undefined);
    const message = failure?.message ?? reason ?? "no reason is known";
    const picture = lossPictureOf(this.#history.history(), `cycle ${this.#options.number}`);
    this.#wasJudged = false;
    this.#judgement = {
      outcome,
      summary: `${printBlow(this.#turn.blow)}: ${message}`,
      witness: [message, ...this.#options.instance.logTail(10)],
      // Nothing was read, so nothing is known to be lost.
      picture: { ...picture, lost: 0, place: "none", runs: [[true, picture.acknowledged]], undone: [] },
      figures: {},
    };
  }

  #keepOrRemove(): void {
    this.#file?.close();
    if (this.#file !== undefined && this.#judgement.outcome === "pass") {
      rmSync(this.#file.path, { force: true });
    }
  }
}

function workloadOf({ workload }: CycleOptions["campaign"], { fault }: Turn): CampaignWorkload {
  const { use, writers, window, size } = fault.load ?? {};
  return {
    use: use ?? workload.use,
    writers: writers ?? workload.writers,
    window: window ?? workload.window,
    size: size ?? workload.size,
  };
}

function fileOf({ historyDirectory, campaign, number }: CycleOptions): HistoryFile | undefined {
  if (historyDirectory === undefined) {
    return undefined;
  }
  mkdirSync(historyDirectory, { recursive: true });
  return new HistoryFile(join(historyDirectory, `${campaign.campaign}-${number}.ndjson`));
}
