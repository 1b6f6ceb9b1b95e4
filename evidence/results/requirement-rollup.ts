/** What the cases of a run say about each requirement: the worst outcome of those that show it. */
import type { CaseResult, Outcome, RequirementResult } from "./schema.ts";

export type RequirementDefinition = Omit<RequirementResult, "outcome" | "cases">;

/** Worst first. A case that was not judged does not spoil one that passed; a requirement that no case showed is not applicable. */
const worstFirst: readonly Outcome[] = [
  "fail",
  "error",
  "unexpected-pass",
  "inconclusive",
  "flaky",
  "expected-fail",
  "pass",
  "unsupported",
  "not-applicable",
];

/** In the order of `requirements`; each names its cases in the order of `cases`. */
export function rollUp(cases: readonly CaseResult[], requirements: readonly RequirementDefinition[]): RequirementResult[] {
  const showing = new Map<string, CaseResult[]>();
  for (const each of cases) {
    for (const id of new Set(each.checks)) {
      showing.set(id, [...(showing.get(id) ?? []), each]);
    }
  }
  return requirements.map((requirement) => {
    const own = showing.get(requirement.id) ?? [];
    return { ...requirement, outcome: worstOutcome(own.map((each) => each.outcome)), cases: own.map((each) => each.name) };
  });
}

export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  return worstFirst.find((outcome) => outcomes.includes(outcome)) ?? "not-applicable";
}
