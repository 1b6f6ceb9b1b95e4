/**
 * The upper bound of a failure rate, at 95 %, that `clean` trials without a failure support: 3 / n. Undefined without a trial; never above 1.
 */
export function ruleOfThree(clean: number): number | undefined {
  if (!Number.isInteger(clean) || clean < 0) {
    throw new RangeError(`a number of trials is a whole number, not ${clean}`);
  }
  return clean === 0 ? undefined : Math.min(1, 3 / clean);
}
