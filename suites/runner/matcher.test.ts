import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mismatch } from "./matcher.ts";

const holds = (expected: unknown, actual: unknown): boolean => mismatch(expected, actual) === undefined;

test("a map matches in the fields it names and no others", () => {
  expect(holds({ a: 1 }, { a: 1, b: 2 })).toBe(true);
  expect(mismatch({ a: { b: 1 } }, { a: { b: 2 } })).toEqual({ path: "a.b", expected: "1", actual: "2" });
  expect(mismatch({ a: 1 }, {})).toEqual({ path: "a", expected: "1", actual: "absent" });
  expect(holds({ a: 1 }, "text")).toBe(false);
  expect(holds({ a: 1 }, null)).toBe(false);
});

test("an inherited name is no field", () => {
  expect(holds({ toString: "absent" }, {})).toBe(true);
});

test("a list matches item by item and in length", () => {
  expect(holds([{ seq: 1 }, { seq: 2 }], [{ seq: 1, x: 0 }, { seq: 2 }])).toBe(true);
  expect(holds([{ seq: 1 }], [{ seq: 1 }, { seq: 2 }])).toBe(false);
  expect(holds([{ seq: 1 }, { seq: 2 }], [{ seq: 1 }])).toBe(false);
  expect(holds([], [])).toBe(true);
  expect(holds([], undefined)).toBe(false);
});

test("absent and any speak about being there", () => {
  expect(holds("absent", undefined)).toBe(true);
  expect(holds({ a: "absent" }, { a: null })).toBe(false);
  expect(holds({ a: "any" }, { a: null })).toBe(true);
  expect(holds({ a: "any" }, {})).toBe(false);
  expect(holds({ equals: "absent" }, "absent")).toBe(true);
});

test("numbers are exact whether they come as number, bigint or text", () => {
  expect(holds("9007199254740993", 9007199254740993n)).toBe(true);
  expect(holds("9007199254740992", 9007199254740993n)).toBe(false);
  expect(holds(7, 7n)).toBe(true);
  expect(holds("7", 7)).toBe(true);
  expect(holds(7, "7")).toBe(true);
  expect(holds("007", "7")).toBe(false);
  expect(holds("7", true)).toBe(false);
});

test("limits compare, also 64-bit ones, and fail on what has no order", () => {
  expect(holds({ gte: 2, lt: 4 }, 3)).toBe(true);
  expect(holds({ gt: 3 }, 3)).toBe(false);
  expect(holds({ lte: "18446744073709551615" }, 18446744073709551615n)).toBe(true);
  expect(holds({ gte: 1 }, undefined)).toBe(false);
  expect(holds({ gt: "2020-01-01T00:00:00Z" }, "2021-01-01T00:00:00Z")).toBe(true);
});

test("the other operators", () => {
  expect(holds({ oneOf: [1, { a: 1 }] }, { a: 1 })).toBe(true);
  expect(holds({ oneOf: ["absent", 2] }, undefined)).toBe(true);
  expect(holds({ oneOf: [1, 2] }, 3)).toBe(false);
  expect(holds({ matches: "^a.c$" }, "abc")).toBe(true);
  expect(holds({ matches: "1" }, 1)).toBe(false);
  expect(holds({ length: 2 }, [1, 2])).toBe(true);
  expect(holds({ length: { gte: 1, lte: 2 } }, "abc")).toBe(false);
  expect(holds({ contains: [{ a: 1 }] }, [{ b: 1 }, { a: 1, c: 1 }])).toBe(true);
  expect(holds({ contains: [{ a: 2 }] }, [{ a: 1 }])).toBe(false);
  expect(holds({ unordered: [1, { oneOf: [1, 2] }] }, [2, 1])).toBe(true);
  expect(holds({ unordered: [1, 1] }, [1, 2])).toBe(false);
  expect(holds({ not: 1 }, 2)).toBe(true);
  expect(holds({ not: "any" }, 2)).toBe(false);
});

test("every JSON value matches itself, and a changed scalar does not", () => {
  const word = fc.string({ minLength: 3 }).filter((text) => text !== "any" && text !== "absent" && !/^-?\d+$/.test(text));
  const key = fc.string({ minLength: 1 }).map((text) => `k${text}`);
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      fc.integer(),
      fc.boolean(),
      word,
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(key, tie("node"), { maxKeys: 3 }),
    ),
  })).node;
  fc.assert(fc.property(value, (each) => mismatch(each, structuredClone(each)) === undefined));
  fc.assert(fc.property(value, (each) => mismatch({ k: [each, 1] }, { k: [each, 2] })?.path === "k.1"));
});
