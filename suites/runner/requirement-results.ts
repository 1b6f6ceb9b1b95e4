/** The requirements that the cases of a run show, as results: what the catalogue says of each, rolled up over its cases. */
import { type RequirementDefinition, rollUp } from "../../evidence/results/requirement-rollup.ts";
import type { CaseResult, RequirementResult } from "../../evidence/results/schema.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { basisText, basisUrl } from "../catalog/requirement-file.ts";

/** In the order of their ids. */
export function requirementResults(catalog: Catalog, results: readonly CaseResult[]): RequirementResult[] {
  const ids = [...new Set(results.flatMap((each) => each.checks))].sort();
  return rollUp(
    results,
    ids.flatMap((id) => definitionOf(catalog, id)),
  );
}

function definitionOf({ requirements }: Catalog, id: string): RequirementDefinition[] {
  const requirement = requirements.get(id);
  if (requirement === undefined) {
    return [];
  }
  const { says, level, feature } = requirement;
  const url = basisUrl(requirement);
  return [{ id, says, level, basis: basisText(requirement), ...(url === undefined ? {} : { basisUrl: url }), feature }];
}
