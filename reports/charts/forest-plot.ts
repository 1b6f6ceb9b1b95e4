/**
 * Ratios A/B with their intervals on one logarithmic axis, a row each, and the line where both sides are equal. The point's shape tells the
 * verdict beside its colour: a circle where the interval settles it, a hollow diamond where it does not.
 */
import { scaleLog } from "d3-scale";
import { symbol, symbolCircle, symbolDiamond } from "d3-shape";
import type { Comparison } from "../../evidence/results/schema.ts";
import { el, type Markup } from "../markup.ts";
import { comparisonWords, interval, ratio } from "../wording.ts";

const width = 720;
const rowHeight = 30;
const axisHeight = 30;
const labelWidth = 210;
const valueWidth = 118;
const tickSpacingMin = 44;

export function forestPlot(comparisons: readonly Comparison[], about: { id: string; sides: string }): Markup {
  const shown = comparisons.filter((each) => each.low > 0 && Number.isFinite(each.high));
  const height = shown.length * rowHeight + axisHeight + 6;
  const { low, high } = domainOf(shown);
  const x = scaleLog([low, high], [labelWidth, width - valueWidth]);
  const bottom = shown.length * rowHeight + 4;
  return el(
    "svg",
    { class: "forest", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${about.id}-t ${about.id}-d` },
    el("title", { id: `${about.id}-t` }, `Ratio of ${about.sides}, with 95 % intervals`),
    el("desc", { id: `${about.id}-d` }, shown.map(describe).join(" ")),
    spread(ticksBetween(low, high), x).map((tick) => [
      el("line", { class: tick === 1 ? "equal" : "grid", x1: x(tick), x2: x(tick), y1: 0, y2: bottom }),
      el("text", { class: tick === 1 ? "tick strong" : "tick", x: x(tick), y: bottom + 16, "text-anchor": "middle" }, `${tick}×`),
    ]),
    shown.map((each, row) => drawRow(each, { y: row * rowHeight + rowHeight / 2 + 2, x: (value) => x(value) })),
  );
}

function drawRow(comparison: Comparison, place: { y: number; x: (value: number) => number }): Markup {
  const { y, x } = place;
  const open = comparison.verdict === "inconclusive" || comparison.verdict === "equivalent";
  const { tone } = comparisonWords[comparison.verdict];
  const [left, right] = [x(comparison.low), x(comparison.high)];
  return el(
    "g",
    { class: `tone-${tone}` },
    el("text", { class: "label", x: labelWidth - 14, y: y + 4, "text-anchor": "end" }, shortMetric(comparison.metric)),
    el("line", { class: "interval", x1: left, x2: right, y1: y, y2: y }),
    [left, right].map((end) => el("line", { class: "interval", x1: end, x2: end, y1: y - 4, y2: y + 4 })),
    el("path", {
      class: open ? "point open" : "point",
      d: symbol(open ? symbolDiamond : symbolCircle, 62)() ?? "",
      transform: `translate(${x(comparison.ratio).toFixed(1)},${y})`,
    }),
    el(
      "text",
      { class: "value", x: width - valueWidth + 16, y: y + 4 },
      `${comparisonWords[comparison.verdict].mark} ${ratio(comparison.ratio)}`,
    ),
  );
}

function describe(comparison: Comparison): string {
  return `${comparison.metric}: ${ratio(comparison.ratio)}, interval ${interval(comparison)}, ${comparison.verdict}.`;
}

/** Holds every interval and the line of equality, with room at both ends. */
function domainOf(comparisons: readonly Comparison[]): { low: number; high: number } {
  const low = Math.min(0.9, ...comparisons.map((each) => each.low));
  const high = Math.max(1.1, ...comparisons.map((each) => each.high));
  const room = Math.exp(Math.log(high / low) * 0.06);
  return { low: low / room, high: high * room };
}

/** 1 and its neighbours in the coarsest step that still gives a few ticks. */
function ticksBetween(low: number, high: number): number[] {
  const ladders = [
    [0.001, 0.01, 0.1, 1, 10, 100, 1000],
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100],
    [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4],
    [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5],
    [0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15],
  ];
  const fitting = ladders.map((ladder) => ladder.filter((tick) => tick > low && tick < high));
  return fitting.find((ticks) => ticks.length >= 3) ?? [1];
}

/** Drops ticks whose labels would touch; the line of equality stays. */
function spread(ticks: readonly number[], x: (tick: number) => number): number[] {
  const kept: number[] = [1];
  const byDistance = ticks.toSorted((a, b) => Math.abs(Math.log(a)) - Math.abs(Math.log(b)));
  for (const tick of byDistance) {
    if (kept.every((other) => Math.abs(x(other) - x(tick)) >= tickSpacingMin)) {
      kept.push(tick);
    }
  }
  return kept;
}

function shortMetric(metric: string): string {
  return metric.length <= 30 ? metric : `${metric.slice(0, 29)}…`;
}
