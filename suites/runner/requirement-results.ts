/** What the cases that ran say about each requirement: the worst of them speaks, and what was not shown is never called a pass. */
import type { CaseResult, Outcome, RequirementResult } from "../../evidence/results/schema.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { basisText, basisUrl } from "../catalog/requirement-file.ts";

const worstFirst: readonly Outcome[] = [
  "error",
  "fail",
  "unexpected-pass",
  "inconclusive",
  "flaky",
  "expected-fail",
  "pass",
  "unsupported",
  "not-applicable",
];

/** Requirements of the cases given, in the order of their ids. */
export function requirementResults(catalog: Catalog, results: readonly CaseResult[]): RequirementResult[] {
  const ids = [...new Set(results.flatMap((each) => each.checks))].sort();
  return ids.flatMap((id) => {
    const requirement = catalog.requirements.get(id);
    if (requirement === undefined) {
      return [];
    }
    const shown = results.filter((each) => each.checks.includes(id));
    const url = basisUrl(requirement);
    return [
      {
        id,
        says: requirement.says,
        level: requirement.level,
        basis: basisText(requirement),
        ...(url === undefined ? {} : { basisUrl: url }),
        feature: requirement.feature,
        outcome: worstFirst.find((outcome) => shown.some((each) => each.outcome === outcome)) ?? "inconclusive",
        cases: shown.map((each) => each.name),
      },
    ];
  });
}
