/**
 * Compiled subject filters: `*` stands for one token, a final `>` for one or more. An empty set of patterns matches everything.
 * The memo of verdicts per stored subject lives in the stream's index (`filter-memo.ts`), because subject numbers are per stream.
 */
import type { SubjectFilter } from "./stream-store.ts";

export function compileFilter(patterns: readonly string[]): SubjectFilter {
  if (patterns.length === 0 || patterns.includes(">")) {
    return { patterns, matches: () => true };
  }
  const literals = new Set(patterns.filter(isLiteral));
  const wildcards = patterns.filter((pattern) => !isLiteral(pattern)).map((pattern) => pattern.split("."));
  if (wildcards.length === 0) {
    return { patterns, matches: (subject) => literals.has(subject) };
  }
  return {
    patterns,
    matches: (subject) => {
      if (literals.has(subject)) {
        return true;
      }
      const tokens = subject.split(".");
      return wildcards.some((pattern) => tokensMatch(pattern, tokens));
    },
  };
}

export const everySubject: SubjectFilter = compileFilter([]);

/** Does the filter let every subject through, so that no subject needs to be looked at? */
export function matchesEverything(filter: SubjectFilter): boolean {
  return filter.patterns.length === 0 || filter.patterns.includes(">");
}

/** A pattern without wildcard tokens. `foo*` is a literal: a star counts only as a whole token. */
export function isLiteral(pattern: string): boolean {
  if (!pattern.includes("*") && !pattern.includes(">")) {
    return true;
  }
  return !pattern.split(".").some((token) => token === "*" || token === ">");
}

function tokensMatch(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (const [position, token] of pattern.entries()) {
    if (token === ">" && position === pattern.length - 1) {
      return tokens.length > position;
    }
    if (position >= tokens.length) {
      return false;
    }
    if (token !== "*" && token !== tokens[position]) {
      return false;
    }
  }
  return pattern.length === tokens.length;
}
