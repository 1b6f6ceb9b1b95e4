/** From blocks of two sides to a verdict a metric: per-pair ratio, interval, p, and one of four words. */
import type { Comparison, LoadBlock } from "../../evidence/results/schema.ts";
import { bootstrapInterval, hodgesLehmann, holm, signFlipP } from "./statistics.ts";

export interface Metric {
  readonly name: string;
  readonly better: "higher" | "lower";
  readonly of: (block: LoadBlock) => number | undefined;
}

/** Of a closed model: how much the server takes when pushed, not how it feels at a given rate. The name says so wherever it is shown. */
export const peakThroughput: Metric = { name: "peak throughput", better: "higher", of: (block) => block.perSecond };

export function latency(clock: "response" | "service", percentile: "p50" | "p99"): Metric {
  return { name: `${clock}.${percentile}`, better: "lower", of: (block) => block[clock]?.[percentile] };
}

const alpha = 0.05;

/** `margin` is the smallest change that matters, as a fraction. Metrics that a block lacks are left out. */
export function compare(options: { blocks: readonly LoadBlock[]; metrics: readonly Metric[]; margin: number; seed: number }): Comparison[] {
  const { blocks, metrics, margin, seed } = options;
  const paired = metrics.map((metric) => ({ metric, ratios: pairedLogRatios(blocks, metric) })).filter(({ ratios }) => ratios.length > 0);
  const adjusted = holm(paired.map(({ ratios }) => signFlipP(ratios, seed)));
  return paired.map(({ metric, ratios }, index) => {
    const interval = bootstrapInterval(ratios, seed);
    const p = adjusted[index]!;
    return {
      metric: metric.name,
      ratio: Math.exp(hodgesLehmann(ratios)),
      low: Math.exp(interval.low),
      high: Math.exp(interval.high),
      p,
      pairs: ratios.length,
      verdict: verdictOf({ ...interval, p, margin, better: metric.better, pairs: ratios.length }),
    };
  });
}

/**
 * `improved` and `regressed` speak of A against B and need both: the interval wholly past the margin, and a p (after Holm) below 0.05, since
 * an interval of few pairs is too short. `equivalent` needs the interval inside the margin and pairs enough to have noticed a difference.
 */
export function verdictOf(options: {
  low: number;
  high: number;
  p: number;
  margin: number;
  better: "higher" | "lower";
  pairs: number;
}): Comparison["verdict"] {
  const margin = Math.log(1 + options.margin);
  const inside = options.low > -margin && options.high < margin;
  if (inside && options.pairs >= pairsNeeded) {
    return "equivalent";
  }
  if (options.p >= alpha) {
    return "inconclusive";
  }
  if (options.low > margin) {
    return options.better === "higher" ? "improved" : "regressed";
  }
  if (options.high < -margin) {
    return options.better === "higher" ? "regressed" : "improved";
  }
  return "inconclusive";
}

/** The fewest pairs whose two-sided p can fall below 0.05: 2 / 2^6 = 0.031. */
export const pairsNeeded = 6;

function pairedLogRatios(blocks: readonly LoadBlock[], metric: Metric): number[] {
  const byPair = Map.groupBy(blocks, (block) => block.pair);
  return [...byPair.values()].flatMap((pair) => {
    const a = valueOf(pair, "A", metric);
    const b = valueOf(pair, "B", metric);
    return a === undefined || b === undefined ? [] : [Math.log(a / b)];
  });
}

function valueOf(pair: readonly LoadBlock[], side: "A" | "B", metric: Metric): number | undefined {
  const block = pair.find((candidate) => candidate.side === side);
  const value = block === undefined ? undefined : metric.of(block);
  return value !== undefined && value > 0 ? value : undefined;
}
