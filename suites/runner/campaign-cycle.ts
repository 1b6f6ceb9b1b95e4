/** One cycle of a campaign: its own stream and its own history on a store that others used before it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lossPictureOf } from "../../evidence/checks/loss-picture.ts";
import { judgeHistory } from "../../evidence/checks/registry.ts";
import { HistoryFile } from "../../evidence/history/history-file.ts";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { LossPicture } from "../../evidence/results/schema.ts";
import type { Instance, PowerCutAdversary } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
import { makeWorkload } from "../workloads/registry.ts";
import { SeededRandom } from "../workloads/seeded-random.ts";
import type { PhaseContext, Workload } from "../workloads/workload.ts";
import { hurt } from "./fault-under-load.ts";
import { verdictOfError } from "./verdict.ts";

const operationTimeoutMs = 5000;

export interface CycleOptions {
  readonly campaign: Campaign;
  readonly instance: Instance;
  /** From 1. */
  readonly number: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly historyDirectory?: string;
}

export interface Cycle {
  readonly number: number;
  readonly outcome: "pass" | "fail" | "inconclusive" | "error";
  readonly summary: string;
  readonly acknowledged: number;
  readonly lost: number;
  readonly undone: number;
  readonly witness: readonly string[];
  readonly picture: LossPicture | undefined;
  /** The history as NDJSON, kept for a cycle that is not clean. */
  readonly historyFile: string | undefined;
  /** Reads the cycle's streams once more and judges again: a later fault may have hurt them. Never rejects. */
  readAgain(): Promise<void>;
}

/** Rejects only for a mistake of the caller; everything a server does is in the outcome. */
export async function runCycle(options: CycleOptions): Promise<Cycle> {
  const cycle = new RunningCycle(options);
  await cycle.run();
  return cycle;
}

class RunningCycle implements Cycle {
  readonly number: number;
  outcome: Cycle["outcome"] = "error";
  summary = "the cycle did not run";
  acknowledged = 0;
  lost = 0;
  undone = 0;
  witness: readonly string[] = [];
  picture: LossPicture | undefined;
  readonly #options: CycleOptions;
  readonly #random: SeededRandom;
  readonly #history: HistoryWriter;
  readonly #file: HistoryFile | undefined;
  readonly #workload: Workload;
  #isKept = false;

  constructor(options: CycleOptions) {
    const { campaign, instance, number, seed } = options;
    this.#options = options;
    this.number = number;
    this.#random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ number);
    this.#file = fileOf(options);
    this.#history = new HistoryWriter(this.#file === undefined ? {} : { sink: this.#file });
    const { use, writers, window, size } = campaign.workload;
    const workloadSeed = this.#random.between(1, 0x7fffffff);
    this.#history.run({ workload: use, target: instance.target.name, seed, settings: instance.settings });
    this.#workload = makeWorkload(use, { writers, window, size, prefix: `cycle${number}`, storage: "file", seed: workloadSeed });
  }

  get historyFile(): string | undefined {
    return this.#isKept ? this.#file?.path : undefined;
  }

  async run(): Promise<void> {
    try {
      await this.#workload.prepare(this.#context());
      await this.#loadAndHurt();
      await this.#workload.readBack(this.#context());
      this.#judge();
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#keepOrRemove();
    }
  }

  async readAgain(): Promise<void> {
    this.#history.note("read again after later faults on the same store");
    try {
      await this.#workload.readBack(this.#context());
      this.#judge();
    } catch (error) {
      this.#explain(error);
    }
  }

  async #loadAndHurt(): Promise<void> {
    const { campaign, instance } = this.#options;
    const cutAfter = this.#random.between(...campaign.cut.after);
    const adversary = this.#adversary();
    const cut = new AbortController();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const enough = (acknowledged: number): boolean => {
      if (acknowledged >= cutAfter) {
        reach();
      }
      return false;
    };
    const loading = this.#workload.phase({ ...this.#context(), enough, cut: cut.signal });
    await Promise.race([reached, loading]);
    this.#file?.flush();
    await hurt({ instance, history: this.#history, fault: campaign.fault, adversary, cut, loading });
  }

  /** They take turns, and each cycle draws its own mix. */
  #adversary(): PowerCutAdversary {
    const { campaign, number } = this.#options;
    const keep = campaign.adversaries[(number - 1) % campaign.adversaries.length] ?? "nothing";
    return keep === "random" ? { keep, seed: this.#random.between(1, 0x7fffffff) } : { keep };
  }

  #judge(): void {
    const judged = this.#history.history();
    const { outcome, summary, witness } = judgeHistory(judged, this.#options.campaign.checks);
    const picture = lossPictureOf(judged, `cycle ${this.number}`);
    this.outcome = outcome;
    this.summary = `cycle ${this.number}: ${summary}`;
    this.witness = witness;
    this.picture = picture;
    this.acknowledged = picture.acknowledged;
    this.lost = picture.lost;
    this.undone = picture.undone.length;
  }

  /** Not coming back, or refusing what it is asked, is the server's failure and the witness is what it said. */
  #explain(error: unknown): void {
    this.#options.signal?.throwIfAborted();
    const { outcome, failure, reason } = verdictOfError(error, undefined);
    const message = failure?.message ?? reason ?? "no reason is known";
    this.outcome = outcome;
    this.summary = `cycle ${this.number}: ${message}`;
    this.witness = [message, ...this.#options.instance.logTail(10)];
  }

  #keepOrRemove(): void {
    this.#file?.close();
    this.#isKept = this.outcome !== "pass";
    if (this.#file !== undefined && !this.#isKept) {
      rmSync(this.#file.path, { force: true });
    }
  }

  #context(): PhaseContext {
    const { instance, signal = new AbortController().signal } = this.#options;
    return {
      url: instance.url,
      history: this.#history,
      enough: () => false,
      cut: new AbortController().signal,
      signal,
      timeoutMs: operationTimeoutMs,
    };
  }
}

function fileOf({ historyDirectory, campaign, number }: CycleOptions): HistoryFile | undefined {
  if (historyDirectory === undefined) {
    return undefined;
  }
  mkdirSync(historyDirectory, { recursive: true });
  return new HistoryFile(join(historyDirectory, `${campaign.campaign}-${number}.ndjson`));
}
