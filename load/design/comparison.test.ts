import { expect, test } from "vitest";
import { verdictOf } from "./comparison.ts";

const margin = 0.05;
const log = Math.log;

test.each([
  [{ low: log(1.1), high: log(1.2), p: 0.01, pairs: 8 }, "higher", "improved"],
  [{ low: log(1.1), high: log(1.2), p: 0.01, pairs: 8 }, "lower", "regressed"],
  [{ low: log(0.8), high: log(0.9), p: 0.01, pairs: 8 }, "higher", "regressed"],
  [{ low: log(0.8), high: log(0.9), p: 0.01, pairs: 8 }, "lower", "improved"],
  [{ low: log(0.98), high: log(1.02), p: 0.6, pairs: 8 }, "higher", "equivalent"],
  [{ low: log(1.01), high: log(1.02), p: 0.01, pairs: 8 }, "higher", "equivalent"],
  [{ low: log(1.02), high: log(1.2), p: 0.01, pairs: 8 }, "higher", "inconclusive"],
  [{ low: log(1.1), high: log(1.2), p: 0.06, pairs: 5 }, "higher", "inconclusive"],
  [{ low: log(0.99), high: log(1.01), p: 0.5, pairs: 2 }, "higher", "inconclusive"],
] as const)("%o, %s is better: %s", (interval, better, verdict) => {
  expect(verdictOf({ ...interval, margin, better })).toBe(verdict);
});
