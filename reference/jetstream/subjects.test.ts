import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileFilter, isLiteral, isSubset, isValidPattern, patternsCollide } from "./subjects.ts";

const literal = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 3 }), fc.constantFrom("a", "b", "*", ">"))
  .map(([head, last]) => [...head, last].join("."));

test("two patterns collide exactly when some literal matches both", () => {
  fc.assert(
    fc.property(pattern, pattern, literal, (left, right, subject) => {
      if (compileFilter([left]).matches(subject) && compileFilter([right]).matches(subject)) {
        expect(patternsCollide(left, right)).toBe(true);
      }
    }),
  );
  expect(patternsCollide("a.*", "*.b")).toBe(true);
  expect(patternsCollide("a.*", "b.>")).toBe(false);
  expect(patternsCollide("a", "a.>")).toBe(false);
});

test("a subset matches nothing that its superset leaves out", () => {
  fc.assert(
    fc.property(pattern, pattern, literal, (inner, outer, subject) => {
      if (isSubset(inner, outer) && compileFilter([inner]).matches(subject)) {
        expect(compileFilter([outer]).matches(subject)).toBe(true);
      }
    }),
  );
  expect(isSubset("a.>", "a.*")).toBe(false);
  expect(isSubset("a.*", "a.>")).toBe(true);
});

test("wildcards are whole tokens, and `>` needs at least one token", () => {
  expect(isLiteral("a*.b>")).toBe(true);
  expect(compileFilter(["a.>"]).matches("a")).toBe(false);
  expect(compileFilter(["a.>"]).matches("a.b.c")).toBe(true);
  expect(compileFilter(["a.*"]).matches("a.b.c")).toBe(false);
  expect(compileFilter(["a.*.c", "d"]).matches("a.bb.c")).toBe(true);
  expect(compileFilter([]).matches("anything")).toBe(true);
});

test("empty tokens, white space and an inner `>` make a pattern invalid", () => {
  expect(["a..b", ".a", "a.", "a b", "a.>.b", ""].filter(isValidPattern)).toEqual([]);
  expect(["a", "a.*.>", ">"].every(isValidPattern)).toBe(true);
});
