import * as fc from "fast-check";
import { expect, test } from "vitest";
import { pairedOrder } from "./order.ts";

test("every pair holds both sides next to each other, and two pairs mirror each other", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer(), (pairs, seed) => {
      const order = pairedOrder(pairs, seed);
      expect(order.map((block) => block.pair)).toEqual(Array.from({ length: 2 * pairs }, (_, index) => Math.floor(index / 2)));
      const sides = order.map((block) => block.side).join("");
      expect(sides).toMatch(/^(ABBA|BAAB)*(AB|BA)?$/);
      expect(pairedOrder(pairs, seed)).toEqual(order);
    }),
  );
});

test("both mirror forms come up", () => {
  const firsts = new Set(Array.from({ length: 50 }, (_, seed) => pairedOrder(2, seed)[0]?.side));
  expect(firsts).toEqual(new Set(["A", "B"]));
});
