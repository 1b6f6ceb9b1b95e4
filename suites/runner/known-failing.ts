/**
 * Known-failing lists: a listed case still runs. When it fails it is expected to; when it passes the list is stale and the run fails. A pattern that
 * matches no case is refused before anything runs.
 */
import type { Outcome } from "../../evidence/results/schema.ts";
import type { KnownFailing } from "../../targets/target.ts";
import { matchesPattern } from "../catalog/pattern.ts";
import { CatalogError, type Problem } from "../catalog/problem.ts";

export function refuseUnmatched(entries: readonly KnownFailing[], names: readonly string[]): void {
  const problems: Problem[] = entries
    .filter(({ pattern }) => !names.some((name) => matchesPattern(name, pattern)))
    .map(({ pattern, place }) => ({ place, message: `known-failing pattern "${pattern}" matches no case; remove it` }));
  if (problems.length > 0) {
    throw new CatalogError("KNOWN_FAILING_UNMATCHED", problems);
  }
}

export function entryFor(name: string, entries: readonly KnownFailing[]): KnownFailing | undefined {
  return entries.find(({ pattern }) => matchesPattern(name, pattern));
}

/** Only pass and fail change; a listed case that could not be judged stays what it was. */
export function withEntry(outcome: Outcome, entry: KnownFailing | undefined): Outcome {
  if (entry === undefined) {
    return outcome;
  }
  if (outcome === "fail") {
    return "expected-fail";
  }
  return outcome === "pass" ? "unexpected-pass" : outcome;
}
