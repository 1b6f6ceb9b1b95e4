/** What `list` and `explain` show: cases with what they show and need, and everything there is to know about one of them. */
import type { Level } from "../../evidence/results/schema.ts";
import type { Catalog } from "./catalog.ts";
import type { Case } from "./matrix.ts";
import { matchesPattern } from "./pattern.ts";
import { CatalogError } from "./problem.ts";
import { basisText, basisUrl } from "./requirement-file.ts";
import { isIn, levelOf, type Selection, selectCases } from "./selection.ts";
import { didYouMean } from "./suggestion.ts";

export interface CaseListing {
  readonly name: string;
  readonly title: string;
  readonly level: Level;
  readonly checks: readonly string[];
  readonly needs: readonly string[];
  readonly place: string;
}

export function listCases(catalog: Catalog, selection: Selection = {}): CaseListing[] {
  return selectCases(catalog, selection).map((each) => listingOf(catalog, each));
}

export interface Explanation extends CaseListing {
  readonly requirements: readonly {
    readonly id: string;
    readonly says: string;
    readonly level: Level;
    readonly basis: string;
    readonly basisUrl: string | undefined;
    readonly profiles: readonly string[];
  }[];
  /** Steps, or workload and faults, one a line. */
  readonly steps: readonly string[];
}

/** A full name, or a pattern or case id that only one case matches. Throws `CatalogError` otherwise. */
export function explain(catalog: Catalog, name: string): Explanation {
  const each = oneCase(catalog, name);
  const requirements = each.checks.flatMap((id) => {
    const requirement = catalog.requirements.get(id);
    if (requirement === undefined) {
      return [];
    }
    const profiles = [...catalog.profiles.values()].filter((profile) => isIn(profile, id)).map(({ profile }) => profile);
    const { says, level } = requirement;
    return [{ id, says, level, basis: basisText(requirement), basisUrl: basisUrl(requirement), profiles }];
  });
  return { ...listingOf(catalog, each), requirements, steps: stepLines(each) };
}

function oneCase(catalog: Catalog, name: string): Case {
  const exact = catalog.cases.find((each) => each.name === name);
  if (exact !== undefined) {
    return exact;
  }
  const near = catalog.cases.filter((each) => each.id === name || matchesPattern(each.name, name));
  const [only, ...more] = near;
  if (only === undefined) {
    const names = catalog.cases.flatMap((each) => [each.name, each.id]);
    const hint = didYouMean(name, names);
    throw new CatalogError("CATALOG_UNKNOWN_NAME", [
      { place: "", message: `there is no case "${name}"${hint.startsWith("; did") ? hint : ""}` },
    ]);
  }
  // Cases of one matrix have the same steps, so the first of them explains all.
  if (more.some((each) => each.id !== only.id || each.suite !== only.suite)) {
    const several = near.slice(0, 10).map((each) => each.name);
    throw new CatalogError("CATALOG_UNKNOWN_NAME", [
      { place: "", message: `"${name}" matches ${near.length} cases: ${several.join(", ")}` },
    ]);
  }
  return only;
}

function listingOf(catalog: Catalog, each: Case): CaseListing {
  const { name, title, checks, needs, place } = each;
  return { name, title, level: levelOf(catalog, each), checks, needs, place };
}

function stepLines({ steps, workload, faults, verify }: Case): string[] {
  if (workload !== undefined) {
    return [
      `workload ${JSON.stringify(workload)}`,
      ...faults.map((fault) => `fault ${JSON.stringify(fault)}`),
      `verify ${verify.join(", ")}`,
    ];
  }
  return steps.map(({ verb, fields, expect, within, save }) => {
    const parts = [within === undefined ? verb : `await (${within}) ${verb}`, JSON.stringify(fields)];
    return [...parts, expect === undefined ? "" : `→ ${JSON.stringify(expect)}`, save === undefined ? "" : `as $${save}`]
      .filter((part) => part !== "")
      .join(" ");
  });
}
