/**
 * Patterns of case names: `*` stands for anything within one part of the name, `**` for anything. A pattern that names a part of the tree selects
 * everything below it: `dedup` is the whole area, `dedup.window` one suite.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  return regexOf(pattern, "/", true).test(name);
}

/** Requirement ids are parted by dots; a pattern matches whole ids only. */
export function matchesIdPattern(id: string, pattern: string): boolean {
  return regexOf(pattern, ".", false).test(id);
}

const compiled = new Map<string, RegExp>();

function regexOf(pattern: string, separator: "/" | ".", below: boolean): RegExp {
  const key = `${separator}${pattern}`;
  const found = compiled.get(key);
  if (found !== undefined) {
    return found;
  }
  const part = separator === "/" ? "[^/]*" : "[^.]*";
  const source = pattern
    .split(/(\*\*\/?|\*)/)
    .map((piece) => (piece === "**/" ? "(?:.*/)?" : piece === "**" ? ".*" : piece === "*" ? part : escape(piece)))
    .join("");
  const regex = new RegExp(`^${source}${below ? "(?:[/.].*)?" : ""}$`, "u");
  compiled.set(key, regex);
  return regex;
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
