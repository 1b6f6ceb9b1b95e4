/** Seeded randomness (sfc32): the same seed gives the same order, schedule, payload and interval on every machine. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform whole number in [0, below). */
  below(bound: number): number;
  /** Exponential with mean 1. */
  exponential(): number;
  /** Standard normal. */
  normal(): number;
}

export function randomOf(seed: number): Random {
  const next = sfc32(seed);
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    // 1 - next() is never 0.
    exponential: () => -Math.log(1 - next()),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

function sfc32(seed: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const step = () => {
    const result = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  };
  // The first values still resemble the seed.
  for (let round = 0; round < 12; round++) {
    step();
  }
  return () => step() / 2 ** 32;
}
