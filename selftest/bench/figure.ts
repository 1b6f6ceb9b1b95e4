/**
 * One line of the table: what was measured, the goal it is held against, and whether the goal is met. A goal that lies inside the interval is
 * neither met nor missed, however the middle stands.
 */
import { bootstrapInterval, hodgesLehmann } from "../../load/design/statistics.ts";

export interface Figure {
  readonly name: string;
  /** What is compared with what, policies named. */
  readonly compared: string;
  readonly value: string;
  readonly goal: string;
  readonly met: Met;
  /** The largest share of a core that the client used in any block; empty where there is no client. */
  readonly client: string;
  readonly command: string;
}

export type Met = "yes" | "no" | "undecided" | "no figure";

/** Low and high are equal where there is no interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Goal {
  readonly text: string;
  readonly judge: (interval: Interval) => Met;
}

export function atLeast(limit: number, unit = "×"): Goal {
  return { text: `≥ ${limit} ${unit}`, judge: ({ low, high }) => verdict(low >= limit, high < limit) };
}

export function atMost(limit: number, unit = "×"): Goal {
  return { text: `≤ ${limit} ${unit}`, judge: ({ low, high }) => verdict(high <= limit, low > limit) };
}

function verdict(isMet: boolean, isMissed: boolean): Met {
  if (isMet) {
    return "yes";
  }
  return isMissed ? "no" : "undecided";
}

export interface Ratio extends Interval {
  readonly ratio: number;
  readonly pairs: number;
}

/** Of two sides measured alternately, pair by pair. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[], seed: number): Ratio {
  const logs = ours.flatMap((value, index) => {
    const other = theirs[index];
    return other === undefined ? [] : [Math.log(value / other)];
  });
  const { low, high } = bootstrapInterval(logs, seed);
  return { ratio: Math.exp(hodgesLehmann(logs)), low: Math.exp(low), high: Math.exp(high), pairs: logs.length };
}

export function describeRatio({ ratio, low, high, pairs }: Ratio): string {
  const interval = pairs > 1 ? ` [${low.toFixed(2)}, ${high.toFixed(2)}], ${pairs} pairs` : "";
  return `${ratio.toFixed(2)} ×${interval}`;
}
