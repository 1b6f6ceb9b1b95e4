import * as fc from "fast-check";
import { renderToString } from "preact-render-to-string";
import { expect, test } from "vitest";
import { picture } from "../sample-results.ts";
import { scanMarkup } from "../tag-scanner.ts";
import { type CycleStrip, cycleColumns } from "./cycle-columns.ts";
import { forestPlot } from "./forest-plot.ts";
import { gatherColumns, lossStrip } from "./loss-strip.ts";
import { sideBars } from "./side-bars.ts";

const anyRuns = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 800, size: "max" });

test("columns cover every message once, in order, and keep the share of kept ones", () => {
  fc.assert(
    fc.property(anyRuns, (runs) => {
      const columns = gatherColumns(picture({ runs }));
      const total = runs.reduce((sum, [, length]) => sum + length, 0);
      const kept = runs.filter(([fate]) => fate).reduce((sum, [, length]) => sum + length, 0);
      expect(columns[0]?.from).toBe(0);
      expect(columns.at(-1)?.to).toBe(total);
      expect(columns.every((column, index) => index === 0 || column.from === columns[index - 1]?.to)).toBe(true);
      expect(columns.reduce((sum, column) => sum + column.kept * (column.to - column.from), 0)).toBeCloseTo(kept);
      expect(columns.length).toBeLessThanOrEqual(240);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

test("a strip stays small whatever was lost, and its marks are inside it", () => {
  fc.assert(
    fc.property(anyRuns, (runs) => {
      const svg = renderToString(lossStrip(picture({ runs }), "p"));
      const { tags } = scanMarkup(svg, "html");
      expect(svg.length).toBeLessThan(60_000);
      const bars = tags.filter((tag) => tag.name === "rect" && tag.parents.at(-1) === "g");
      const outside = bars.filter(
        ({ attributes: { x, y, width, height } }) =>
          Number(x) < 0 || Number(x) + Number(width) > 721 || Number(y) < 0 || Number(y) + Number(height) > 34,
      );
      expect(outside).toEqual([]);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

test("a forest plot draws every ratio inside its interval, right of the line of equality when above 1", () => {
  const comparison = { metric: "throughput", ratio: 1.2, low: 1.1, high: 1.31, p: 0.01, pairs: 8, verdict: "improved" as const };
  const svg = renderToString(forestPlot([comparison], { id: "f", sides: "A to B" }));
  const { tags, text } = scanMarkup(svg, "html");
  const equal = Number(tags.find((tag) => tag.attributes["class"] === "equal")?.attributes["x1"]);
  const [line] = tags.filter((tag) => tag.attributes["class"] === "interval");
  const point = Number(/translate\(([\d.]+)/.exec(tags.find((tag) => tag.name === "path")?.attributes["transform"] ?? "")?.[1]);
  expect(Number(line?.attributes["x1"])).toBeGreaterThan(equal);
  expect(point).toBeGreaterThan(Number(line?.attributes["x1"]));
  expect(point).toBeLessThan(Number(line?.attributes["x2"]));
  expect(text).toContain("throughput: 1.20×, interval 1.10× to 1.31×, improved.");
});

test("extreme and impossible ratios leave a plot that can be read", () => {
  const base = { metric: "m", p: 1, pairs: 8, verdict: "inconclusive" as const };
  for (const [ratio, low, high] of [
    [1000, 0.001, 5000],
    [1, 1, 1],
    [0, 0, 0],
    [5, 1, Number.POSITIVE_INFINITY],
  ] as const) {
    const svg = renderToString(forestPlot([{ ...base, ratio, low, high }], { id: "f", sides: "s" }));
    expect(svg).not.toContain("NaN");
    expect(svg).not.toContain("Infinity");
  }
});

test("bars carry side and value, on both scales, with and without a second side", () => {
  const options = { id: "b", title: "Rate", format: (value: number) => `${value}/s` };
  for (const scale of ["linear", "log"] as const) {
    const { text } = scanMarkup(renderToString(sideBars([{ label: "rate", A: 20, B: 10 }], { ...options, scale })), "html");
    expect(text).toContain("rate: A 20/s, B 10/s.");
    const zero = renderToString(sideBars([{ label: "rate", A: 0 }], { ...options, scale }));
    expect(zero).not.toContain("NaN");
    expect(scanMarkup(zero, "html").text).not.toContain("B");
  }
});

test("one message lost among a hundred thousand is still drawn, inside the strip", () => {
  for (const runs of [
    [
      [true, 50_000],
      [false, 1],
      [true, 49_999],
    ],
    [
      [true, 99_999],
      [false, 1],
    ],
  ] satisfies [boolean, number][][]) {
    const { tags } = scanMarkup(renderToString(lossStrip(picture({ runs }), "p")), "html");
    const lost = tags.filter((tag) => tag.attributes["fill"]?.startsWith("url(") === true);
    expect(lost).toHaveLength(1);
    expect(Number(lost[0]?.attributes["width"])).toBeGreaterThanOrEqual(3);
    expect(Number(lost[0]?.attributes["x"]) + Number(lost[0]?.attributes["width"])).toBeLessThanOrEqual(720);
  }
});

const strip = (cycle: number, lost: number, place: CycleStrip["place"]): CycleStrip => ({
  cycle,
  outcome: lost > 0 ? "fail" : "pass",
  acknowledged: 100,
  lost,
  place,
});

/** Top and height of the hatched part of each column. */
function hatched(strips: readonly CycleStrip[]): [number, number][] {
  const text = renderToString(cycleColumns(strips, "c"));
  return [...text.matchAll(/<rect fill="url\(#c-h\)"[^>]* y="([\d.]+)" height="([\d.]+)"/g)].map(([, y, height]) => [
    Number(y),
    Number(height),
  ]);
}

test("a cycle shows where its writers lost: the end at the top, the beginning at the foot, a hole between", () => {
  const [suffix = [0, 0], prefix = [0, 0], hole = [0, 0]] = hatched([strip(1, 30, "suffix"), strip(2, 30, "prefix"), strip(3, 30, "hole")]);
  expect(suffix[0]).toBeLessThan(hole[0]);
  expect(hole[0]).toBeLessThan(prefix[0]);
  expect(new Set([suffix[1], prefix[1], hole[1]]).size).toBe(1);
  // The foot of the column.
  expect(prefix[0] + prefix[1]).toBeCloseTo(109);
});

test("a single lost message among thousands is seen, and words tell the same", () => {
  const [lost = [0, 0]] = hatched([{ ...strip(1, 1, "hole"), acknowledged: 100_000 }]);
  expect(lost[1]).toBeGreaterThanOrEqual(3);
  expect(renderToString(cycleColumns([strip(7, 30, "suffix")], "c"))).toContain("cycle 7 lost 30 of 100, the end is lost");
});
