import * as fc from "fast-check";
import { expect, test } from "vitest";
import xxhash from "xxhash-wasm";
import { LogMemory } from "./checksum.ts";

test("the hand-assembled xxh64 agrees with another implementation", async () => {
  const other = await xxhash();
  const memory = new LogMemory(4096);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(16), (input, seed, shift) => {
      const bytes = input.subarray(0, input.length & ~7);
      memory.bytes.set(bytes, shift);
      expect(memory.hash(shift, bytes.length, seed)).toBe(other.h64Raw(bytes, seed));
    }),
    { numRuns: 500 },
  );
});

test("every flipped bit of a sealed record is noticed", () => {
  const memory = new LogMemory(4096);
  for (let at = 0; at < 96; at += 1) {
    memory.bytes[64 + at] = at * 7;
  }
  memory.seal(64, 96, 3, 640);
  const sound = () => memory.headerIsSound(64, 3, 640) && memory.isSound(64, 96, 3, 640);
  expect(sound()).toBe(true);
  for (let bit = 0; bit < 96 * 8; bit += 1) {
    const at = 64 + (bit >> 3);
    memory.bytes[at] = (memory.bytes[at] ?? 0) ^ (1 << (bit & 7));
    expect(sound()).toBe(false);
    memory.bytes[at] = (memory.bytes[at] ?? 0) ^ (1 << (bit & 7));
  }
  expect(sound()).toBe(true);
});

test("a record in another segment or at another offset is not sound", () => {
  const memory = new LogMemory(4096);
  memory.seal(0, 96, 3, 640);
  expect(memory.headerIsSound(0, 4, 640)).toBe(false);
  expect(memory.headerIsSound(0, 3, 648)).toBe(false);
  expect(memory.isSound(0, 96, 3, 648)).toBe(false);
});
