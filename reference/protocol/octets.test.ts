import * as fc from "fast-check";
import { expect, test } from "vitest";
import { copyOctets, writeDecimal } from "./octets.ts";

test("a number is written as its decimal digits", () => {
  fc.assert(
    fc.property(fc.nat(0x7fff_ffff), (value) => {
      const target = Buffer.alloc(16);
      const end = writeDecimal(target, 2, value);
      expect(target.toString("latin1", 2, end)).toBe(String(value));
    }),
  );
});

test("a copied range arrives whole, short or long", () => {
  for (const length of [0, 1, 39, 40, 41, 1000]) {
    const source = Uint8Array.from({ length: length + 2 }, (_, at) => at % 251);
    const target = Buffer.alloc(length + 5);
    expect(copyOctets(target, 3, source, 1, 1 + length)).toBe(3 + length);
    expect([...target.subarray(3, 3 + length)]).toEqual([...source.subarray(1, 1 + length)]);
  }
});
