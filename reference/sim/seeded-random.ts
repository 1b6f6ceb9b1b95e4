/** Randomness from a seed (xorshift32 over a mixed seed): the same seed gives the same run, on every machine. */
import type { Random } from "../ports.ts";

export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring streams, and the state must never be zero.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0 || 0x1234_5678;
    for (let round = 0; round < 4; round += 1) {
      this.#next();
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) {
      bytes[at] = this.#next() >>> 24;
    }
    return bytes;
  }

  below(bound: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * bound);
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }
}
