import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomOf } from "./random.ts";
import { bootstrapInterval, hodgesLehmann, holm, median, signFlipP } from "./statistics.ts";

const values = fc.array(
  fc.integer({ min: -1000, max: 1000 }).map((thousandths) => thousandths / 1000),
  { minLength: 1, maxLength: 9 },
);

test("Hodges–Lehmann moves with the data, turns with its sign and stays inside its range", () => {
  fc.assert(
    fc.property(values, fc.double({ min: -5, max: 5, noNaN: true }), (data, shift) => {
      const estimate = hodgesLehmann(data);
      expect(hodgesLehmann(data.map((value) => value + shift))).toBeCloseTo(estimate + shift, 9);
      expect(hodgesLehmann(data.map((value) => -value))).toBeCloseTo(-estimate, 9);
      expect(estimate).toBeGreaterThanOrEqual(Math.min(...data) - 1e-12);
      expect(estimate).toBeLessThanOrEqual(Math.max(...data) + 1e-12);
    }),
  );
});

test("one wild pair out of nine does not move the estimate far", () => {
  const calm = [0.01, 0.02, 0.03, 0.02, 0.01, 0.02, 0.03, 0.02];
  expect(Math.abs(hodgesLehmann([...calm, 100]) - hodgesLehmann(calm))).toBeLessThan(0.02);
});

test("the exact sign-flip p equals the enumeration of all assignments", () => {
  fc.assert(
    fc.property(values, (data) => {
      const observed = Math.abs(data.reduce((sum, value) => sum + value, 0));
      let extreme = 0;
      for (let mask = 0; mask < 2 ** data.length; mask++) {
        const sum = data.reduce((total, value, index) => total + (((mask >> index) & 1) === 1 ? -value : value), 0);
        extreme += Math.abs(sum) >= observed - 1e-9 ? 1 : 0;
      }
      expect(signFlipP(data, 1)).toBe(extreme / 2 ** data.length);
    }),
    { numRuns: 60 },
  );
});

test.each([
  [5, 2 / 32],
  [6, 2 / 64],
  [8, 2 / 256],
])("%i pairs that all agree reach p = %d and no less", (pairs, p) => {
  expect(
    signFlipP(
      Array.from({ length: pairs }, (_, index) => 1 + index / 10),
      1,
    ),
  ).toBe(p);
});

test("above twenty pairs the sampled p agrees with the exact one on the same kind of data", () => {
  const random = randomOf(3);
  const twenty = Array.from({ length: 20 }, () => random.normal() + 0.4);
  const exact = signFlipP(twenty, 1);
  const sampled = signFlipP([...twenty, 0], 1);
  expect(Math.abs(exact - sampled)).toBeLessThan(0.01);
});

test("Holm keeps the order, never lowers a p and never exceeds 1", () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }), (ps) => {
      const adjusted = holm(ps);
      for (const [index, p] of ps.entries()) {
        expect(adjusted[index]).toBeGreaterThanOrEqual(p);
        expect(adjusted[index]).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test("an interval is the same for the same seed and holds the estimate", () => {
  const data = [0.01, 0.03, -0.02, 0.05, 0.02, 0.04, 0.0, 0.03];
  const interval = bootstrapInterval(data, 11);
  expect(bootstrapInterval(data, 11)).toEqual(interval);
  expect(interval.low).toBeLessThanOrEqual(hodgesLehmann(data));
  expect(interval.high).toBeGreaterThanOrEqual(hodgesLehmann(data));
});

test("the median of an even count lies between the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
