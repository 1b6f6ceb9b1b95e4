import { expect, test } from "vitest";
import { matchesIdPattern, matchesPattern } from "./pattern.ts";
import { CatalogError } from "./problem.ts";
import { levelOf, selectCases } from "./selection.ts";
import { temporarySuites } from "./temporary-suites.ts";

const name = "dedup.window/storage:file/resend-is-a-duplicate";

test("one star stays inside a part of the name, two cross", () => {
  expect(matchesPattern(name, "dedup.*/storage:*/resend-*")).toBe(true);
  expect(matchesPattern(name, "dedup.window/*")).toBe(true);
  expect(matchesPattern(name, "*/resend-is-a-duplicate")).toBe(false);
  expect(matchesPattern(name, "**/resend-is-a-duplicate")).toBe(true);
  expect(matchesPattern(name, "**")).toBe(true);
});

test("a part of the tree selects what is below it, and only whole parts count", () => {
  expect(["dedup", "dedup.window", "dedup.window/storage:file", name].map((pattern) => matchesPattern(name, pattern))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["ded", "dedup.win", "dedup.window/storage", "window"].map((pattern) => matchesPattern(name, pattern))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("characters of regular expressions mean themselves", () => {
  expect(matchesPattern("a+b/c", "a+b/c")).toBe(true);
  expect(matchesPattern("dedupxwindow/a", "dedup.window")).toBe(false);
});

test("requirement patterns go by dots", () => {
  expect(["limits.*", "**", "limits.max-msgs", "*"].map((pattern) => matchesIdPattern("limits.max-msgs", pattern))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(matchesIdPattern("limits.max-msgs", "limits")).toBe(false);
});

const files = {
  "cases/t/a.yaml": `suite: t.a
about: x
cases:
  - { id: strong, checks: [t.two, t.one], steps: [{ restart: }] }
  - { id: weak, checks: [t.two], steps: [{ restart: }] }
`,
  "profiles/some.yaml": "profile: some\nabout: x\ninclude: [t.*]\nexclude: [t.one]",
  "profiles/none.yaml": "profile: none\nabout: x\ninclude: [t.none]",
};

test("patterns, profile and level narrow the selection, sorted by name", () => {
  using suites = temporarySuites(files);
  const catalog = suites.load();
  const names = (selection: Parameters<typeof selectCases>[1]): string[] => selectCases(catalog, selection).map((each) => each.id);
  expect(names({})).toEqual(["strong", "weak"]);
  expect(names({ patterns: ["**/we*"] })).toEqual(["weak"]);
  expect(names({ profile: "some" })).toEqual(["strong", "weak"]);
  expect(names({ levels: ["must"] })).toEqual(["strong"]);
  expect(catalog.cases.map((each) => levelOf(catalog, each))).toEqual(["must", "observed"]);
});

test("a selection of nothing and unknown names are refused with what was probably meant", () => {
  using suites = temporarySuites(files);
  const catalog = suites.load();
  const codeOf = (selection: Parameters<typeof selectCases>[1]): string => {
    try {
      selectCases(catalog, selection);
      return "nothing was refused";
    } catch (error) {
      return error instanceof CatalogError ? `${error.code} ${error.message}` : String(error);
    }
  };
  expect(codeOf({ patterns: ["t.a/storng"] })).toBe('CATALOG_NOTHING_SELECTED no case matches "t.a/storng"; did you mean "t.a/strong"?');
  expect(codeOf({ profile: "som" })).toBe('CATALOG_UNKNOWN_NAME there is no profile "som"; did you mean "some"?');
  expect(codeOf({ profile: "none" })).toContain("CATALOG_NOTHING_SELECTED");
});
