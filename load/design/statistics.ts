/**
 * Statistics of paired blocks. The unit is one pair of blocks, never one message: messages of a block are not independent, and millions of
 * them would make any difference "significant". Values are logarithms of A/B.
 */
import { randomOf } from "./random.ts";

/** Above this many pairs the sign flips are sampled. */
const exactPairsMax = 20;
const sampledFlips = 100_000;
const bootstrapRounds = 2000;

/** Hodges–Lehmann: the median of all pairwise means, the value itself included. Robust against a few disturbed pairs. */
export function hodgesLehmann(values: readonly number[]): number {
  const means: number[] = [];
  for (let i = 0; i < values.length; i++) {
    for (let j = i; j < values.length; j++) {
      means.push((values[i]! + values[j]!) / 2);
    }
  }
  return median(means);
}

/** 95 % percentile interval of the Hodges–Lehmann estimate, pairs drawn anew with a seed. */
export function bootstrapInterval(values: readonly number[], seed: number): { low: number; high: number } {
  const random = randomOf(seed);
  const estimates: number[] = [];
  const drawn: number[] = Array.from({ length: values.length }, () => 0);
  for (let round = 0; round < bootstrapRounds; round++) {
    for (let index = 0; index < drawn.length; index++) {
      drawn[index] = values[random.below(values.length)]!;
    }
    estimates.push(hodgesLehmann(drawn));
  }
  const sorted = Float64Array.from(estimates).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/**
 * Two-sided p: the share of sign assignments whose mean is at least as far from zero as the observed one. If A and B do not differ, every
 * assignment was equally likely. Exact up to 20 pairs; its smallest value is 2 / 2^pairs, so 5 pairs can't go below 0.05.
 */
export function signFlipP(values: readonly number[], seed: number): number {
  if (values.length === 0) {
    return 1;
  }
  return values.length <= exactPairsMax ? exactSignFlipP(values) : sampledSignFlipP(values, seed);
}

function exactSignFlipP(values: readonly number[]): number {
  const signed = Float64Array.from(values);
  let sum = total(signed);
  const atLeast = atLeastOf(values);
  const assignments = 2 ** values.length;
  let extreme = Math.abs(sum) >= atLeast ? 1 : 0;
  // Gray code: each assignment differs from the one before by one sign.
  for (let step = 1; step < assignments; step++) {
    const flip = 31 - Math.clz32(step & -step);
    signed[flip] = -signed[flip]!;
    sum += 2 * signed[flip];
    if (Math.abs(sum) >= atLeast) {
      extreme++;
    }
  }
  return extreme / assignments;
}

function sampledSignFlipP(values: readonly number[], seed: number): number {
  const random = randomOf(seed);
  const atLeast = atLeastOf(values);
  let extreme = 1;
  for (let round = 0; round < sampledFlips; round++) {
    let sum = 0;
    for (const value of values) {
      sum += random.next() < 0.5 ? value : -value;
    }
    if (Math.abs(sum) >= atLeast) {
      extreme++;
    }
  }
  return extreme / (sampledFlips + 1);
}

/** Slightly below the observed sum, so that rounding in the running sum does not lose the observed assignment itself. */
function atLeastOf(values: readonly number[]): number {
  const magnitude = values.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.abs(total(values)) - 1e-9 * magnitude;
}

/** Holm's correction: each p as it stands after looking at all of them. */
export function holm(ps: readonly number[]): number[] {
  const ascending = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted: number[] = Array.from({ length: ps.length }, () => 1);
  let floor = 0;
  for (const [rank, { p, index }] of ascending.entries()) {
    floor = Math.min(1, Math.max(floor, p * (ps.length - rank)));
    adjusted[index] = floor;
  }
  return adjusted;
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) {
    sum += value;
  }
  return sum;
}
