/** Statistics that must not cry wolf: simulated hosts on which A and B are the same server, and one on which they are not. */
import { expect, test } from "vitest";
import type { LoadBlock } from "../../evidence/results/schema.ts";
import { compare, peakThroughput } from "./comparison.ts";
import { type PlannedBlock, pairedOrder } from "./order.ts";
import { type Random, randomOf } from "./random.ts";
import { signFlipP } from "./statistics.ts";

interface Host {
  /** Logarithmic change of speed over the whole run. */
  readonly drift: number;
  /** Correlation of neighbouring blocks. */
  readonly rho: number;
}

const noise = 0.02;

/** Logarithms of the blocks' speeds, in the order they ran. */
function simulate(order: readonly PlannedBlock[], host: Host, random: Random, effect: number): number[] {
  let wandering = 0;
  return order.map(({ side }, index) => {
    wandering = host.rho * wandering + random.normal() * noise;
    const drifted = (host.drift * index) / order.length;
    return drifted + wandering + random.normal() * noise + (side === "A" ? effect : 0);
  });
}

function logRatios(order: readonly PlannedBlock[], speeds: readonly number[]): number[] {
  const ratios: number[] = [];
  for (const [index, { side, pair }] of order.entries()) {
    ratios[pair] = (ratios[pair] ?? 0) + (side === "A" ? speeds[index]! : -speeds[index]!);
  }
  return ratios;
}

function alarmRate(options: { trials: number; pairs: number; host: Host; effect: number; interleaved: boolean }): number {
  const random = randomOf(2024);
  let alarms = 0;
  for (let trial = 0; trial < options.trials; trial++) {
    const order = options.interleaved ? pairedOrder(options.pairs, trial) : oneAfterTheOther(options.pairs);
    const speeds = simulate(order, options.host, random, options.effect);
    alarms += signFlipP(logRatios(order, speeds), trial) < 0.05 ? 1 : 0;
  }
  return alarms / options.trials;
}

function oneAfterTheOther(pairs: number): PlannedBlock[] {
  const side = (name: "A" | "B") => Array.from({ length: pairs }, (_, pair) => ({ side: name, pair }));
  return [...side("A"), ...side("B")];
}

test.each([
  ["calm", { drift: 0, rho: 0 }],
  ["drifting by 5 %", { drift: 0.05, rho: 0 }],
  ["drifting by 10 %", { drift: 0.1, rho: 0 }],
  ["wandering", { drift: 0, rho: 0.8 }],
])("on a %s host the same server twice raises no more alarms than the level allows", (_, host) => {
  const trials = 1500;
  const rate = alarmRate({ trials, pairs: 10, host, effect: 0, interleaved: true });
  // Three standard deviations above 5 %, binomial.
  expect(rate).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / trials));
});

test("one server after the other on a drifting host cries wolf, which is why blocks are paired", () => {
  const rate = alarmRate({ trials: 300, pairs: 10, host: { drift: 0.1, rho: 0 }, effect: 0, interleaved: false });
  expect(rate).toBeGreaterThan(0.5);
});

test("a real slowdown of 5 % is noticed in nine of ten runs, on a drifting host as well", () => {
  const rate = alarmRate({ trials: 500, pairs: 10, host: { drift: 0.1, rho: 0 }, effect: Math.log(0.95), interleaved: true });
  expect(rate).toBeGreaterThan(0.9);
});

test("the verdict of the whole comparison calls a 5 % margin crossed only where it is", () => {
  const random = randomOf(5);
  const verdicts = (effect: number) => {
    const counts = { improved: 0, regressed: 0, equivalent: 0, inconclusive: 0 };
    for (let trial = 0; trial < 30; trial++) {
      const order = pairedOrder(10, trial);
      const speeds = simulate(order, { drift: 0.05, rho: 0 }, random, effect);
      const blocks = order.map((block, index) => blockOf(block, Math.exp(speeds[index]!) * 1000));
      const [comparison] = compare({ blocks, metrics: [peakThroughput], margin: 0.05, seed: trial });
      counts[comparison!.verdict]++;
    }
    return counts;
  };
  const same = verdicts(0);
  expect(same.improved + same.regressed).toBe(0);
  expect(same.equivalent).toBeGreaterThan(20);
  expect(verdicts(Math.log(1.3)).improved).toBeGreaterThan(27);
  expect(verdicts(Math.log(0.7)).regressed).toBeGreaterThan(27);
});

function blockOf({ side, pair }: PlannedBlock, perSecond: number): LoadBlock {
  const accounting = { published: 0, acknowledged: 0, stored: 0, delivered: 0, duplicated: 0, lost: 0, outOfOrder: 0, errors: {} };
  return { side, pair, operations: 1, seconds: 1, perSecond, deferred: 0, accounting };
}
