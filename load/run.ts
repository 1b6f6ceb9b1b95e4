/**
 * A load profile on one or two servers: blocks in paired order, an account of every message, a comparison that a drifting host can't fake.
 * The server's failures are the outcome of the result; only a wrong request of the caller is an exception.
 */
import type { Comparison, LoadResult, Outcome } from "../evidence/results/schema.ts";
import type { Instance } from "../targets/target.ts";
import { readProfile } from "./catalog.ts";
import { compare, latency, type Metric, peakThroughput } from "./design/comparison.ts";
import { type PlannedBlock, pairedOrder, singleOrder } from "./design/order.ts";
import { stampBytes } from "./drivers/publisher.ts";
import { type BlockOutcome, runBlock } from "./engine/block.ts";
import type { Arrival } from "./engine/flow.ts";
import type { LoadEvent } from "./events.ts";
import { LoadError } from "./load-error.ts";
import { type LoadProfile, type LoadSize, loadSizes } from "./schema/profile.ts";

/** What of an instance a load run needs. */
export type LoadSide = Pick<Instance, "url" | "settings" | "server"> & { readonly target: Pick<Instance["target"], "name"> };

export interface LoadOverrides {
  readonly payloadBytes?: number;
  /** Closed: messages or requests in flight a connection. Open: most in flight altogether. */
  readonly window?: number;
  readonly connections?: number;
  readonly model?: "open" | "closed";
  /** Open model: operations a second. */
  readonly rate?: number;
}

export interface LoadOptions {
  /** A shipped profile's name, or the path of a `.yaml` file. */
  readonly profile: string;
  readonly size: LoadSize;
  readonly sides: { readonly A: LoadSide; readonly B?: LoadSide };
  /** Which durability policies are compared, in words. */
  readonly policy: string;
  readonly pairs?: number;
  readonly seed: number;
  /** Ends the run with the blocks it has, outcome `inconclusive`. */
  readonly signal?: AbortSignal;
  readonly listener?: (event: LoadEvent) => void;
  readonly overrides?: LoadOverrides;
  /** The command that repeats this run, where the caller knows it better: policies and `--set` are not known here. */
  readonly reproduce?: string;
}

interface Plan {
  readonly profile: LoadProfile;
  readonly arrival: Arrival;
  readonly connections: number;
  readonly payloadBytes: number;
  readonly order: readonly PlannedBlock[];
  readonly stream: string;
}

/** Throws LoadError for an unknown profile or an impossible option; everything a server does ends in the result. */
export async function runLoadProfile(options: LoadOptions): Promise<LoadResult> {
  const startedMs = performance.now();
  const plan = makePlan(options);
  options.listener?.({ type: "run-start", profile: plan.profile.profile, model: plan.arrival.model, blocks: plan.order.length });
  const outcomes = await runBlocks(options, plan);
  const verdict = judge(options, plan, outcomes);
  for (const comparison of verdict.comparisons) {
    options.listener?.({ type: "comparison", comparison });
  }
  const { A, B } = options.sides;
  return {
    profile: plan.profile.profile,
    outcome: verdict.outcome,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    model: plan.arrival.model,
    size: options.size,
    policy: options.policy,
    sides: { A: describeSide(A), ...(B === undefined ? {} : { B: describeSide(B) }) },
    blocks: outcomes.map((outcome) => outcome.block),
    comparisons: verdict.comparisons,
    generatorBound: outcomes.some((outcome) => outcome.generatorBound !== undefined),
    durationMs: performance.now() - startedMs,
    reproduce: options.reproduce ?? reproduceCommand(options),
  };
}

async function runBlocks(options: LoadOptions, plan: Plan): Promise<BlockOutcome[]> {
  const cold = await settle(options, plan);
  if (cold !== undefined) {
    return [cold];
  }
  const outcomes: BlockOutcome[] = [];
  for (const [index, { side, pair }] of plan.order.entries()) {
    if (isAborted(options)) {
      break;
    }
    options.listener?.({ type: "block-start", side, pair, index, blocks: plan.order.length });
    const outcome = await runBlock(blockOptions(options, plan, { side, pair }));
    if (isAborted(options) && outcome.problems.length > 0) {
      // Cut short by the caller: neither its figures nor its account mean anything.
      break;
    }
    outcomes.push(outcome);
    options.listener?.({ type: "block-end", block: outcome.block, problems: outcome.problems });
    if (outcome.problems.length > 0) {
      break;
    }
  }
  return outcomes;
}

/** One thrown-away block a side. Returns the outcome of a side that failed already here: there is no need to go on. */
async function settle(options: LoadOptions, plan: Plan): Promise<BlockOutcome | undefined> {
  const { settle: measure } = plan.profile.sizes[options.size];
  if (measure === undefined) {
    return undefined;
  }
  for (const side of options.sides.B === undefined ? (["A"] as const) : (["A", "B"] as const)) {
    if (isAborted(options)) {
      return undefined;
    }
    const block = blockOptions(options, plan, { side, pair: 0 });
    const outcome = await runBlock({ ...block, plan: { ...block.plan, measure } });
    if (outcome.problems.length > 0 && !isAborted(options)) {
      return outcome;
    }
  }
  return undefined;
}

function isAborted(options: LoadOptions): boolean {
  return options.signal?.aborted === true;
}

function blockOptions(options: LoadOptions, plan: Plan, { side, pair }: PlannedBlock): Parameters<typeof runBlock>[0] {
  const { profile, arrival, connections, payloadBytes, stream } = plan;
  const instance = side === "B" && options.sides.B !== undefined ? options.sides.B : options.sides.A;
  return {
    url: instance.url,
    side,
    pair,
    profile,
    arrival,
    plan: profile.sizes[options.size],
    connections,
    payloadBytes,
    stream,
    // The same schedule and payload on both sides of a pair.
    seed: options.seed + pair,
    signal: options.signal,
    onProgress: ({ phase, operations, seconds }) => {
      options.listener?.({ type: "progress", side, pair, phase, perSecond: seconds > 0 ? operations / seconds : 0 });
    },
  };
}

function judge(
  options: LoadOptions,
  plan: Plan,
  outcomes: readonly BlockOutcome[],
): { outcome: Outcome; reason: string | undefined; comparisons: Comparison[] } {
  const void_ = outcomes.find((outcome) => outcome.problems.length > 0);
  if (void_ !== undefined) {
    const { side, pair } = void_.block;
    return { outcome: "fail", reason: `side ${side}, pair ${pair + 1}: ${void_.problems.join("; ")}`, comparisons: [] };
  }
  const comparisons =
    options.sides.B === undefined
      ? []
      : compare({
          blocks: outcomes.map((outcome) => outcome.block),
          metrics: metricsOf(plan.arrival),
          margin: plan.profile.margin,
          seed: options.seed,
        });
  const reason = doubtOf(options, plan, outcomes);
  return reason === undefined
    ? { outcome: "pass", reason, comparisons }
    : {
        outcome: "inconclusive",
        reason,
        comparisons: comparisons.map((comparison) => ({ ...comparison, verdict: "inconclusive" as const })),
      };
}

/** Why figures that lost nothing still allow no verdict. */
function doubtOf(options: LoadOptions, plan: Plan, outcomes: readonly BlockOutcome[]): string | undefined {
  if (isAborted(options)) {
    return `interrupted after ${outcomes.length} of ${plan.order.length} blocks`;
  }
  const bound = outcomes.find((outcome) => outcome.generatorBound !== undefined);
  if (bound !== undefined) {
    return `generator-bound: side ${bound.block.side}, pair ${bound.block.pair + 1}: ${bound.generatorBound}`;
  }
  const saturated = outcomes.find((outcome) => outcome.saturated !== undefined);
  return saturated === undefined
    ? undefined
    : `rate not sustained: side ${saturated.block.side}, pair ${saturated.block.pair + 1}: ${saturated.saturated}`;
}

/** A closed model asks how much, an open one how soon. */
function metricsOf(arrival: Arrival): Metric[] {
  return arrival.model === "closed"
    ? [peakThroughput, latency("service", "p50"), latency("service", "p99")]
    : [latency("response", "p50"), latency("response", "p99")];
}

function makePlan(options: LoadOptions): Plan {
  const { overrides = {}, seed } = options;
  if (!loadSizes.includes(options.size)) {
    throw new LoadError("LOAD_OPTION_INVALID", `size "${options.size as string}" is none of ${loadSizes.join(", ")}`);
  }
  const profile = readProfile(options.profile);
  const pairs = checkCount("pairs", options.pairs ?? profile.sizes[options.size].pairs, 1000);
  const payloadBytes = overrides.payloadBytes ?? profile.load.payload.size;
  if (!Number.isInteger(payloadBytes) || payloadBytes < stampBytes || payloadBytes > payloadBytesMax) {
    throw new LoadError(
      "LOAD_OPTION_INVALID",
      `a payload of ${payloadBytes} bytes: whole numbers from ${stampBytes} to ${payloadBytesMax} are possible`,
    );
  }
  return {
    profile,
    arrival: arrivalOf(profile, overrides),
    connections: checkCount("connections", overrides.connections ?? profile.load.connections, 1000),
    payloadBytes,
    order: options.sides.B === undefined ? singleOrder(pairs) : pairedOrder(pairs, seed),
    stream: `STREAMPROOF_LOAD_${(seed >>> 0).toString(36).toUpperCase()}`,
  };
}

/** The stream's own slots are pre-encoded, so the window times the payload is memory of ours. */
const payloadBytesMax = 1024 * 1024;

function arrivalOf(profile: LoadProfile, overrides: LoadOverrides): Arrival {
  const { window, rate } = overrides;
  if (window !== undefined) {
    checkCount("window", window, 100_000);
  }
  if ((overrides.model ?? profile.model) === "closed") {
    if (window !== undefined && profile.load.op === "push") {
      throw new LoadError("LOAD_OPTION_INVALID", `a window has no meaning for ${profile.profile}: the server decides how much it pushes`);
    }
    return { ...profile.arrivals.closed, ...(window === undefined ? {} : { inFlight: window }) };
  }
  if (rate !== undefined && !(rate > 0 && rate <= 10_000_000)) {
    throw new LoadError("LOAD_OPTION_INVALID", `a rate of ${rate} a second is not possible`);
  }
  return { ...profile.arrivals.open, ...(window === undefined ? {} : { maxInFlight: window }), ...(rate === undefined ? {} : { rate }) };
}

function checkCount(what: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new LoadError("LOAD_OPTION_INVALID", `${what} ${value}: whole numbers from 1 to ${max} are possible`);
  }
  return value;
}

function describeSide(side: LoadSide): LoadResult["sides"]["A"] {
  return { target: side.target.name, version: side.server.version, settings: { ...side.settings } };
}

function reproduceCommand(options: LoadOptions): string {
  const { sides, overrides = {} } = options;
  const flags = [
    `--target ${sides.A.target.name}`,
    ...(sides.B === undefined ? [] : [`--against ${sides.B.target.name}`]),
    `--size ${options.size}`,
    ...(options.pairs === undefined ? [] : [`--pairs ${options.pairs}`]),
    ...(overrides.payloadBytes === undefined ? [] : [`--payload ${overrides.payloadBytes}`]),
    ...(overrides.window === undefined ? [] : [`--window ${overrides.window}`]),
    ...(overrides.connections === undefined ? [] : [`--connections ${overrides.connections}`]),
    ...(overrides.model === undefined ? [] : [`--model ${overrides.model}`]),
    ...(overrides.rate === undefined ? [] : [`--rate ${overrides.rate}`]),
    `--seed ${options.seed}`,
  ];
  return `streamproof load ${options.profile} ${flags.join(" ")}`;
}
