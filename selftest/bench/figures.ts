/**
 * The figures we stand behind, each a ratio of the reference to the official server in one run on one machine, with the goal it is held
 * against. What is measured stands here; how, in `load/`.
 */
import { runLoad } from "../../api/load.ts";
import type { Comparison } from "../../evidence/results/schema.ts";

export interface Figure {
  readonly name: string;
  /** What is compared with what, policies named. */
  readonly compared: string;
  readonly value: string;
  readonly goal: string;
  readonly met: boolean;
  readonly command: string;
}

interface Measurement {
  readonly name: string;
  readonly profile: string;
  readonly window?: number;
  readonly policy: "shipped" | "equal";
  readonly metric: string;
  readonly goal: string;
  readonly isMet: (comparison: Comparison) => boolean;
}

const atLeast = (ratio: number) => ({
  goal: `≥ ${ratio.toFixed(1)} ×`,
  isMet: (comparison: Comparison) => comparison.ratio >= ratio,
});

export const measurements: readonly Measurement[] = [
  {
    name: "durable publish, 256 B, window 256, against the default",
    profile: "pub-async",
    window: 256,
    policy: "shipped",
    metric: "peak throughput",
    ...atLeast(1),
  },
  {
    name: "durable publish, 256 B, window 256, equal policies",
    profile: "pub-async",
    window: 256,
    policy: "equal",
    metric: "peak throughput",
    ...atLeast(20),
  },
  {
    name: "one publish in flight, p50, equal policies",
    profile: "pub-async",
    window: 1,
    policy: "equal",
    metric: "service.p50",
    goal: "interval includes or lies below 1.0 ×",
    isMet: ({ low }) => low <= 1,
  },
  {
    name: "pull in batches of 500, no acknowledgement",
    profile: "pull-no-ack",
    policy: "shipped",
    metric: "peak throughput",
    ...atLeast(1),
  },
  {
    name: "pull in batches of 500, explicit acknowledgement",
    profile: "pull",
    policy: "shipped",
    metric: "peak throughput",
    ...atLeast(1),
  },
];

export interface BenchOptions {
  readonly official: string;
  readonly size: "smoke" | "ci" | "full";
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onLine: (text: string) => void;
}

export async function measure(measurement: Measurement, options: BenchOptions): Promise<Figure> {
  const { name, profile, window, policy, metric, goal, isMet } = measurement;
  const { official, size, seed, signal, onLine } = options;
  const results = await runLoad({
    target: "embedded",
    against: official,
    profile,
    policies: [policy],
    size,
    seed,
    ...(window === undefined ? {} : { overrides: { window } }),
    ...(signal === undefined ? {} : { signal }),
    listener: (event) => {
      if (event.type === "block-end") {
        onLine(`${name}: pair ${event.block.pair + 1} ${event.block.side} ${Math.round(event.block.perSecond)}/s`);
      }
    },
  });
  const [load] = results.loads;
  const comparison = load?.comparisons.find((each) => each.metric === metric);
  if (load === undefined || comparison === undefined) {
    return {
      name,
      compared: load?.policy ?? "",
      value: `no figure: ${load?.reason ?? "interrupted"}`,
      goal,
      met: false,
      command: load?.reproduce ?? "",
    };
  }
  const { ratio, low, high, pairs } = comparison;
  const value = `${ratio.toFixed(2)} × [${low.toFixed(2)}, ${high.toFixed(2)}], ${pairs} pairs${load.outcome === "pass" ? "" : ` (${load.outcome}: ${load.reason ?? ""})`}`;
  return { name, compared: load.policy, value, goal, met: isMet(comparison), command: load.reproduce };
}
