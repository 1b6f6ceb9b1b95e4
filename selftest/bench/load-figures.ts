/**
 * The figures that a load profile gives, each a ratio of the reference to the official server in one run on one machine. What is measured
 * stands here; how, in `load/`. `shipped` compares both as they come, `equal` has both sync before every acknowledgement.
 */
import { type LoadPolicy, runLoad } from "../../api/load.ts";
import type { LoadResult } from "../../evidence/results/schema.ts";
import { atLeast, atMost, describeRatio, type Figure, type Goal } from "./figure.ts";
import { type BenchOptions, type Measurement, missing } from "./measurement.ts";

interface LoadFigure {
  readonly name: string;
  readonly metric: "peak throughput" | "service.p50" | "service.p99";
  readonly goal: Goal;
}

interface LoadRun {
  readonly profile: string;
  readonly policy: LoadPolicy;
  readonly window?: number;
  readonly connections?: number;
  /** Instead of the profile's number: a server that syncs each of sixteen thousand messages takes long, and the goals are far away. */
  readonly pairs?: number;
  readonly figures: readonly LoadFigure[];
}

const connectionCounts = [1, 4, 16];
const pairsAgainstAlways = 5;

const runs: readonly LoadRun[] = [
  ...connectionCounts.map((connections) => publishing({ connections, window: 1024, policy: "shipped", goal: atLeast(2.5) })),
  ...connectionCounts.map((connections) => publishing({ connections, window: 1024, policy: "equal", goal: atLeast(80) })),
  publishing({ connections: 1, window: 256, policy: "shipped", goal: atLeast(1.5) }),
  publishing({ connections: 1, window: 256, policy: "equal", goal: atLeast(20) }),
  throughput({ name: "publish to a memory stream, window 1024", profile: "pub-memory", window: 1024, goal: atLeast(3.5) }),
  throughput({ name: "durable publish with Nats-Msg-Id, window 1024", profile: "pub-dedup", window: 1024, goal: atLeast(2.5) }),
  {
    profile: "pub-async",
    policy: "equal",
    window: 1,
    figures: [
      { name: "one publish in flight, p50, against always", metric: "service.p50", goal: atMost(0.9) },
      { name: "one publish in flight, p99, against always", metric: "service.p99", goal: atMost(0.9) },
    ],
  },
  sixteenByOne({ policy: "shipped", against: "the default", goal: atMost(0.6) }),
  sixteenByOne({ policy: "equal", against: "always", goal: atMost(0.35) }),
  throughput({ name: "replay by a push consumer, no acknowledgement", profile: "replay-push", goal: atLeast(2) }),
  throughput({ name: "replay by an ordered consumer", profile: "replay-ordered", goal: atLeast(2) }),
  throughput({ name: "pull in batches of 500, no acknowledgement", profile: "pull-no-ack", goal: atLeast(2) }),
  throughput({ name: "pull in batches of 500, explicit acknowledgement", profile: "pull", goal: atLeast(3) }),
];

export const loadMeasurements: readonly Measurement[] = runs.map((run) => ({
  names: () => run.figures.map(({ name }) => name),
  run: (options) => measure(run, options),
}));

function publishing(of: { connections: number; window: number; policy: LoadPolicy; goal: Goal }): LoadRun {
  const { connections, window, policy, goal } = of;
  const against = policy === "shipped" ? "the default" : "always";
  const name = `durable publish, ${connections} × window ${window}, against ${against}`;
  const run: LoadRun = { profile: "pub-async", policy, window, connections, figures: [{ name, metric: "peak throughput", goal }] };
  return policy === "shipped" ? run : { ...run, pairs: pairsAgainstAlways };
}

/** Against the official server as it ships. */
function throughput(of: { name: string; profile: string; window?: number; goal: Goal }): LoadRun {
  const { name, goal, ...run } = of;
  return { ...run, policy: "shipped", figures: [{ name, metric: "peak throughput", goal }] };
}

function sixteenByOne(of: { policy: LoadPolicy; against: string; goal: Goal }): LoadRun {
  const name = `16 connections, one publish in flight each, p99, against ${of.against}`;
  const figures: readonly LoadFigure[] = [{ name, metric: "service.p99", goal: of.goal }];
  return { profile: "pub-async", policy: of.policy, window: 1, connections: 16, figures };
}

async function measure(run: LoadRun, options: BenchOptions): Promise<Figure[]> {
  const { profile, window, connections, pairs, policy, figures } = run;
  const { official, quick, seed, signal, onLine } = options;
  const title = figures.map(({ name }) => name).join("; ");
  const { loads } = await runLoad({
    target: "embedded",
    against: official,
    profile,
    policies: [policy],
    size: quick ? "smoke" : "ci",
    seed,
    ...(pairs === undefined || quick ? {} : { pairs }),
    overrides: { ...(window === undefined ? {} : { window }), ...(connections === undefined ? {} : { connections }) },
    signal,
    listener: (event) => {
      if (event.type === "block-end") {
        const { pair, side, perSecond, generatorCpuShare } = event.block;
        onLine(`${title}: pair ${pair + 1} ${side} ${Math.round(perSecond)}/s, client ${percent(generatorCpuShare ?? 0)}`);
      }
    },
  });
  const [load] = loads;
  return figures.map((figure) =>
    load === undefined ? missing(figure.name, "interrupted", { goal: figure.goal.text }) : figureOf(figure, load),
  );
}

function figureOf({ name, metric, goal }: LoadFigure, load: LoadResult): Figure {
  const comparison = load.comparisons.find((each) => each.metric === metric);
  const { policy: compared, reproduce: command } = load;
  if (comparison === undefined) {
    return { ...missing(name, load.reason ?? "the run ended early", { goal: goal.text, command }), compared };
  }
  const doubt = load.outcome === "pass" ? "" : ` (${load.outcome}: ${load.reason ?? ""})`;
  return {
    name,
    compared,
    value: `${describeRatio(comparison)}${medians(load, metric)}${doubt}`,
    goal: goal.text,
    met: goal.judge(comparison),
    client: percent(Math.max(...load.blocks.map((block) => block.generatorCpuShare ?? 0))),
    command,
  };
}

/** Absolute figures, so that a ratio of two slow sides is seen for what it is. */
function medians({ blocks }: LoadResult, metric: LoadFigure["metric"]): string {
  const of = (side: "A" | "B"): string => {
    const own = blocks.filter((block) => block.side === side);
    return metric === "peak throughput"
      ? `${thousands(middle(own.map((block) => block.perSecond)))} k/s`
      : `${Math.round(middle(own.map((block) => block.service?.[metric === "service.p50" ? "p50" : "p99"] ?? 0)))} µs`;
  };
  return `; ${of("A")} against ${of("B")}`;
}

function thousands(value: number): string {
  return (value / 1000).toFixed(value < 10_000 ? 1 : 0);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
