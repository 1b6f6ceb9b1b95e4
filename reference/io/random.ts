/** Random numbers: secrets and names from the system's generator, choices from a fast one seeded by it. */
import { randomBytes } from "node:crypto";
import type { Random } from "../ports.ts";

export function systemRandom(): Random {
  let state = randomBytes(4).readUInt32LE() | 1;
  return {
    bytes: (length) => randomBytes(length),
    below(bound): number {
      // xorshift32: good enough to spread messages over a queue group, and free of system calls.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
    },
  };
}
