/**
 * What a count of failures says about the rate behind it: the interval that holds the true rate with 95 % confidence. Without a failure it is the rule of
 * three; with some it is exact (Clopper and Pearson), so that a few flips or ids are never given more weight than they have.
 *
 * It supposes trials that do not depend on each other. Cycles do not; the messages of one cycle do (one crash loses many at once), so a rate of messages is
 * a score of that load and no promise.
 */
import { ruleOfThree } from "./rule-of-three.ts";

export interface FailureCount {
  /** What was tried, in the plural: cycles, flips, ids. */
  readonly of: string;
  readonly trials: number;
  readonly failures: number;
}

export interface FailureRate extends FailureCount {
  readonly low: number;
  readonly high: number;
}

/** Undefined without a trial. */
export function failureRate(count: FailureCount): FailureRate | undefined {
  const { trials, failures } = count;
  if (!Number.isInteger(failures) || failures < 0 || failures > trials) {
    throw new RangeError(`${failures} of ${trials} trials failed`);
  }
  const high = failures === 0 ? ruleOfThree(trials) : rateWhere((rate) => atMost(failures, trials, rate) <= tail);
  if (high === undefined) {
    return undefined;
  }
  const low = failures === 0 ? 0 : rateWhere((rate) => 1 - atMost(failures - 1, trials, rate) >= tail);
  return { ...count, low, high: failures === trials ? 1 : high };
}

/** Half of what is left of 95 % on each side. */
const tail = 0.025;

/** The lowest rate for which the condition holds; it holds for all above. */
function rateWhere(holds: (rate: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return high;
}

/** The probability of at most `failures` of `trials`, each failing with `rate`. Terms are summed as logarithms, for large counts. */
function atMost(failures: number, trials: number, rate: number): number {
  if (rate <= 0 || failures >= trials) {
    return 1;
  }
  if (rate >= 1) {
    return 0;
  }
  const odds = Math.log(rate) - Math.log1p(-rate);
  let term = trials * Math.log1p(-rate);
  let sum = Math.exp(term);
  for (let count = 1; count <= failures; count += 1) {
    term += Math.log((trials - count + 1) / count) + odds;
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}
