/** What the suites promise about themselves and a schema can't say. A test runs this over our own; `lintCatalog` serves everyone else's. */
import type { Catalog, Placed } from "./catalog.ts";
import { matchesIdPattern } from "./pattern.ts";
import type { Problem } from "./problem.ts";
import type { Requirement } from "./requirement-file.ts";

const modal = /\b(should|shall|must|may|might|ought)\b/i;

export function lintCatalog(catalog: Catalog): Problem[] {
  const requirements = [...catalog.requirements.values()];
  return [
    ...requirements.flatMap((each) => requirementProblems(each, catalog)),
    ...catalog.cases.filter((each) => modal.test(`${each.id} ${each.title}`)).map((each) => titleProblem(each)),
    ...unsorted(requirements),
    ...profileProblems(catalog, requirements),
    ...featureProblems(catalog, requirements),
  ];
}

function requirementProblems(requirement: Placed<Requirement>, catalog: Catalog): Problem[] {
  const { id, place, level, basis, retired, says } = requirement;
  const problems: Problem[] = [];
  const hasCase = catalog.cases.some((each) => each.checks.includes(id));
  if (retired === undefined && !hasCase) {
    problems.push({ place, message: `requirement "${id}" has no case` });
  }
  if (retired !== undefined && hasCase) {
    problems.push({ place, message: `requirement "${id}" is retired and still has cases` });
  }
  if (level === "must" && !("document" in basis)) {
    problems.push({ place, message: `requirement "${id}" is a must without a document that promises it; make it observed` });
  }
  if (!("observed" in basis) && level === "observed") {
    problems.push({ place, message: `requirement "${id}" is observed, so its basis is a pinned server version` });
  }
  if (!says.endsWith(".") || modal.test(says)) {
    problems.push({ place, message: `requirement "${id}": one sentence that states the fact, without "should", with a full stop` });
  }
  if (!catalog.features.some((feature) => feature.row === requirement.feature)) {
    problems.push({ place, message: `requirement "${id}" names feature row ${requirement.feature}, which features.yaml does not have` });
  }
  return problems;
}

function titleProblem({ name, place }: { name: string; place: string }): Problem {
  return { place, message: `case "${name}": a title states the fact, without "should" or "must"` };
}

/** Sorted lists merge without conflicts and are found by eye. */
function unsorted(requirements: readonly Placed<Requirement>[]): Problem[] {
  const byFile = Map.groupBy(requirements, (each) => each.place.split(":")[0]);
  return [...byFile.values()].flatMap((inFile) =>
    inFile.flatMap((each, index) => {
      const before = inFile[index - 1];
      return before !== undefined && before.id > each.id
        ? [{ place: each.place, message: `requirement "${each.id}" stands after "${before.id}"; sort by id` }]
        : [];
    }),
  );
}

function profileProblems(catalog: Catalog, requirements: readonly Requirement[]): Problem[] {
  return [...catalog.profiles.values()].flatMap(({ place, profile, include, exclude }) =>
    [...include, ...exclude]
      .filter((pattern) => !requirements.some((each) => matchesIdPattern(each.id, pattern)))
      .map((pattern) => ({ place, message: `profile "${profile}": pattern "${pattern}" matches no requirement` })),
  );
}

function featureProblems(catalog: Catalog, requirements: readonly Requirement[]): Problem[] {
  const covered = new Set(requirements.map((each) => each.feature));
  const rows = new Set<number>();
  return catalog.features.flatMap(({ row, scope, place, feature }) => {
    const twice = rows.has(row) ? [{ place, message: `feature row ${row} stands twice` }] : [];
    rows.add(row);
    if (scope === "in" && !covered.has(row)) {
      return [...twice, { place, message: `feature "${feature}" is in scope and has no requirement` }];
    }
    return scope === "later" && covered.has(row)
      ? [...twice, { place, message: `feature "${feature}" has requirements; its scope is in` }]
      : twice;
  });
}
