import { expect, test } from "vitest";
import { Schedule } from "./schedule.ts";

function take(schedule: Schedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule.take());
}

test("a constant schedule does not drift by rounding over a million operations", () => {
  const schedule = new Schedule({ shape: "constant", perSecond: 3000, startMs: 5, seed: 1 });
  const times = take(schedule, 1_000_001);
  expect(times[0]).toBe(5);
  expect(times.at(-1)).toBeCloseTo(5 + 1_000_000 / 3, 6);
});

test("a poisson schedule keeps its rate, its times grow and its gaps vary as exponentials do", () => {
  const options = { shape: "poisson", perSecond: 1000, startMs: 0, seed: 42 } as const;
  const times = take(new Schedule(options), 100_000);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(mean).toBeCloseTo(1, 1);
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(take(new Schedule(options), 100)).toEqual(times.slice(0, 100));
});

test("nextMs tells the time that take returns", () => {
  const schedule = new Schedule({ shape: "poisson", perSecond: 10, startMs: 7, seed: 3 });
  for (let count = 0; count < 20; count++) {
    expect(schedule.nextMs).toBe(schedule.take());
  }
});
