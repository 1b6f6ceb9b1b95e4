/** What JetStream asks about subjects and patterns: are they valid, do they meet, does one contain the other. */
import { isLiteral } from "../store/subject-filter.ts";

export { compileFilter, isLiteral } from "../store/subject-filter.ts";

/** Empty tokens, white space and a `>` that is not last make a pattern invalid. */
export function isValidPattern(pattern: string): boolean {
  if (pattern === "" || /[ \t\r\n\f]/.test(pattern)) {
    return false;
  }
  const tokens = pattern.split(".");
  return tokens.every((token, index) => token !== "" && (token !== ">" || index === tokens.length - 1));
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
