import { expect, test } from "vitest";
import { compileFilter, isLiteral } from "./subject-filter.ts";

test.each([
  ["a.b", "a.b", true],
  ["a.b", "a", false],
  ["a.*", "a.b", true],
  ["a.*", "a.b.c", false],
  ["a.*", "a", false],
  ["*.b", "a.b", true],
  ["a.>", "a.b", true],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  [">", "anything.at.all", true],
  ["*", "one", true],
  ["*", "one.two", false],
  ["a.*.c", "a.b.c", true],
  ["a.*.c", "a.b.d", false],
  ["foo*", "foo*", true],
  ["foo*", "foobar", false],
  ["a.>b", "a.>b", true],
  ["a.>b", "a.b", false],
])("%s on %s: %s", (pattern, subject, expected) => {
  expect(compileFilter([pattern]).matches(subject)).toBe(expected);
});

test("an empty set matches everything, a set matches what any of its patterns matches", () => {
  expect(compileFilter([]).matches("a")).toBe(true);
  expect(["a", "b.x", "c"].map((subject) => compileFilter(["a", "b.*"]).matches(subject))).toEqual([true, true, false]);
});

test("only whole tokens are wildcards", () => {
  expect(["a.b", "foo*", "a.>b", "*", "a.>"].map(isLiteral)).toEqual([true, true, true, false, false]);
});
