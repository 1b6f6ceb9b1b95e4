import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseLossless, stringifyLossless } from "./lossless-json.ts";

test("whole numbers beyond 2^53 are not rounded", () => {
  const text = '{"first_seq":18446744073709551615,"low":-9007199254740993,"small":7}';
  expect(parseLossless(text)).toEqual({ first_seq: 18446744073709551615n, low: -9007199254740993n, small: 7 });
  expect(stringifyLossless(parseLossless(text))).toBe(text);
});

test("fractions and exponents stay numbers", () => {
  expect(parseLossless("[1.5,1e30,9007199254740993.5]")).toEqual([1.5, 1e30, 9007199254740994]);
});

test("any 64-bit number survives the way there and back", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => String(parseLossless(stringifyLossless(value))) === String(value)),
  );
});
