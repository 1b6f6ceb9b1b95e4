/** The table's own rules, and the server that shows what the client costs. */
import { expect, test } from "vitest";
import { clientCapacities } from "./client-capacity.ts";
import { atLeast, atMost, pairedRatio } from "./figure.ts";
import type { BenchOptions } from "./measurement.ts";
import { measurements, renderTable, takeFigures } from "./table.ts";

const options: BenchOptions = {
  official: "nats-server@2.15.2",
  quick: true,
  seed: 1,
  signal: new AbortController().signal,
  onLine: () => undefined,
};

test("every figure has a name of its own, in both sizes", () => {
  for (const quick of [true, false]) {
    const names = measurements.flatMap((measurement) => measurement.names({ quick }));
    expect(new Set(names).size).toBe(names.length);
  }
});

test.each([
  [atLeast(2), { low: 2.1, high: 3 }, "yes"],
  [atLeast(2), { low: 1.9, high: 3 }, "undecided"],
  [atLeast(2), { low: 1, high: 1.9 }, "no"],
  [atMost(0.6), { low: 0.4, high: 0.6 }, "yes"],
  [atMost(0.6), { low: 0.5, high: 0.7 }, "undecided"],
  [atMost(0.6), { low: 0.61, high: 0.7 }, "no"],
])("%o with the interval %o: %s", (goal, interval, met) => {
  expect(goal.judge(interval)).toBe(met);
});

test("a paired ratio is that of the pairs, whatever the host did between them", () => {
  const theirs = [100, 200, 400, 800, 50, 70];
  const { ratio, low, high, pairs } = pairedRatio(
    theirs.map((value) => value * 3),
    theirs,
    1,
  );
  expect([ratio, low, high].map((value) => value.toFixed(6))).toEqual(["3.000000", "3.000000", "3.000000"]);
  expect(pairs).toBe(6);
});

test("a figure that can't be taken is a line that says why, and its command", async () => {
  const [figure] = await takeFigures("one publish in flight, p50", { ...options, official: "no-such-server" });
  expect([figure?.met, figure?.value]).toEqual(["no figure", expect.stringContaining("no-such-server")]);
  expect(renderTable([figure!], {})).toContain("npm run bench -- --only 'one publish in flight, p50, against always'");
});

test("a pattern that is stopped before it begins takes nothing", async () => {
  expect(await takeFigures("publish", { ...options, signal: AbortSignal.abort() })).toEqual([]);
});

test("the client loses nothing against the server that does nothing, and tells its cost", async () => {
  for (const capacity of clientCapacities) {
    const [figure] = await capacity.run(options);
    expect(figure?.value).toMatch(/^\d+\.\d to \d+\.\d million/);
  }
});
