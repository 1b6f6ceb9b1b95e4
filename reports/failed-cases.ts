/** The order in which every report tells failures: those that make the run fail first, then those of a lower level. */
import { failsRun } from "../evidence/results/overall-verdict.ts";
import type { CaseResult, RequirementResult, Results } from "../evidence/results/schema.ts";

export interface FailedCase {
  readonly result: CaseResult;
  /** Makes the run fail. */
  readonly fatal: boolean;
  /** What it was to show. */
  readonly requirements: readonly RequirementResult[];
}

export function failedCases(results: Results, strict: boolean): FailedCase[] {
  const requirements = new Map(results.requirements.map((each) => [each.id, each]));
  const failed = results.cases
    .filter((each) => each.outcome === "fail" || each.outcome === "error" || each.outcome === "unexpected-pass")
    .map((result) => ({
      result,
      fatal: failsRun(result, strict),
      requirements: result.checks.map((id) => requirements.get(id)).filter((each) => each !== undefined),
    }));
  return [...failed.filter((each) => each.fatal), ...failed.filter((each) => !each.fatal)];
}
