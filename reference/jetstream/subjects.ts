/** What JetStream asks about subjects and patterns: are they valid, do they meet, does one contain the other, which messages does a filter take. */
import type { SubjectFilter } from "../store/stream-store.ts";

/** Empty tokens, white space and a `>` that is not last make a pattern invalid. */
export function isValidPattern(pattern: string): boolean {
  if (pattern === "" || /[ \t\r\n\f]/.test(pattern)) {
    return false;
  }
  const tokens = pattern.split(".");
  return tokens.every((token, index) => token !== "" && (token !== ">" || index === tokens.length - 1));
}

/** `*` and `>` are wildcards only as whole tokens. */
export function isLiteral(subject: string): boolean {
  return !subject.includes("*") && !subject.includes(">") ? true : subject.split(".").every((token) => token !== "*" && token !== ">");
}

export function isValidLiteral(subject: string): boolean {
  return isValidPattern(subject) && isLiteral(subject);
}

/** Is there a subject that both patterns match? */
export function patternsCollide(left: string, right: string): boolean {
  if (left === right) {
    return true;
  }
  const a = left.split(".");
  const b = right.split(".");
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === ">" || y === ">") {
      return true;
    }
    if (x !== y && x !== "*" && y !== "*") {
      return false;
    }
  }
  return a.length === b.length;
}

/** Does `outer` match every subject that `inner` matches? */
export function isSubset(inner: string, outer: string): boolean {
  const a = inner.split(".");
  const b = outer.split(".");
  for (let index = 0; index < b.length; index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === undefined) {
      return false;
    }
    if (y === ">") {
      return true;
    }
    if (x === ">" || (y === "*" ? false : x !== y)) {
      return false;
    }
  }
  return a.length === b.length;
}

/** Compiles patterns into one filter; none, or one `>`, takes every subject. */
export function compileFilter(patterns: readonly string[]): SubjectFilter {
  const literals = new Set(patterns.filter(isLiteral));
  const wild = patterns.filter((pattern) => !isLiteral(pattern)).map((pattern) => pattern.split("."));
  if (patterns.length === 0 || patterns.includes(">")) {
    return { patterns: [], matches: () => true };
  }
  return {
    patterns,
    matches: (subject) => literals.has(subject) || wild.some((tokens) => tokensMatch(tokens, subject)),
  };
}

/** Walks the subject in place: no array of tokens for each message. */
function tokensMatch(tokens: readonly string[], subject: string): boolean {
  let from = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? "";
    if (from > subject.length) {
      return false;
    }
    if (token === ">") {
      return true;
    }
    const dot = subject.indexOf(".", from);
    const end = dot < 0 ? subject.length : dot;
    if (token !== "*" && (end - from !== token.length || !subject.startsWith(token, from))) {
      return false;
    }
    from = end + 1;
  }
  return from > subject.length;
}
