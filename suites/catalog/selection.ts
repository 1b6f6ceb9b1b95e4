/** Which cases run: by patterns, by profile, by level. Nothing selected is a mistake worth a message, not an empty success. */
import type { Level } from "../../evidence/results/schema.ts";
import type { Catalog } from "./catalog.ts";
import type { Case } from "./matrix.ts";
import { matchesIdPattern, matchesPattern } from "./pattern.ts";
import { CatalogError } from "./problem.ts";
import type { Profile } from "./profile-file.ts";
import { didYouMean } from "./suggestion.ts";

export interface Selection {
  /** Case names with `*` and `**`; none means all. */
  readonly patterns?: readonly string[];
  readonly profile?: string | undefined;
  readonly levels?: readonly Level[];
}

const strength: readonly Level[] = ["must", "should", "may", "observed"];

/** In the order of their names. Throws `CatalogError` for a pattern that matches nothing and for an unknown profile. */
export function selectCases(catalog: Catalog, selection: Selection = {}): Case[] {
  const { patterns = [], levels } = selection;
  for (const pattern of patterns.filter((each) => !catalog.cases.some((one) => matchesPattern(one.name, each)))) {
    const names = [...new Set(catalog.cases.flatMap((each) => [each.name, each.suite]))];
    throw new CatalogError("CATALOG_NOTHING_SELECTED", [{ place: "", message: `no case matches "${pattern}"${nearOnly(pattern, names)}` }]);
  }
  const profile = selection.profile === undefined ? undefined : profileOf(catalog, selection.profile);
  const chosen = catalog.cases
    .filter((each) => patterns.length === 0 || patterns.some((pattern) => matchesPattern(each.name, pattern)))
    .filter((each) => profile === undefined || each.checks.some((id) => isIn(profile, id)))
    .filter((each) => levels === undefined || levels.includes(levelOf(catalog, each)));
  if (chosen.length === 0) {
    throw new CatalogError("CATALOG_NOTHING_SELECTED", [
      { place: "", message: "no case is left of this selection; loosen patterns, profile or level" },
    ]);
  }
  return chosen.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function profileOf(catalog: Catalog, name: string): Profile {
  const profile = catalog.profiles.get(name);
  if (profile === undefined) {
    const message = `there is no profile "${name}"${didYouMean(name, catalog.profiles.keys())}`;
    throw new CatalogError("CATALOG_UNKNOWN_NAME", [{ place: "", message }]);
  }
  return profile;
}

export function isIn(profile: Profile, requirement: string): boolean {
  const matches = (pattern: string): boolean => matchesIdPattern(requirement, pattern);
  return profile.include.some(matches) && !profile.exclude.some(matches);
}

/** A case is as strong as the strongest requirement that it shows. */
export function levelOf(catalog: Catalog, { checks }: Pick<Case, "checks">): Level {
  const levels = new Set(checks.map((id) => catalog.requirements.get(id)?.level));
  return strength.find((level) => levels.has(level)) ?? "observed";
}

function nearOnly(pattern: string, names: readonly string[]): string {
  const hint = didYouMean(pattern, names);
  return hint.startsWith("; did you mean") ? hint : "; `streamproof list` shows all";
}
