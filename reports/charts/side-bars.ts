/**
 * Bars of sides A and B under each other, a group per figure: throughput, or the percentiles of a latency. A is solid and B hatched, each bar
 * carries its value, and the scale is named because a latency's tail wants a logarithmic one.
 */
import { scaleLinear, scaleLog } from "d3-scale";
import { el, type Markup } from "../markup.ts";

export interface BarGroup {
  readonly label: string;
  readonly A: number;
  readonly B?: number;
}

export interface BarsOptions {
  readonly id: string;
  readonly title: string;
  readonly scale: "linear" | "log";
  readonly format: (value: number) => string;
}

const width = 720;
const labelWidth = 112;
const valueWidth = 110;
const barHeight = 13;
const groupGap = 12;

export function sideBars(groups: readonly BarGroup[], options: BarsOptions): Markup {
  const values = groups.flatMap((group) => [group.A, group.B ?? group.A]).filter((value) => value > 0);
  const most = Math.max(1, ...values);
  const least = Math.min(most, ...values);
  const range: [number, number] = [0, width - labelWidth - valueWidth];
  const length = options.scale === "log" ? scaleLog([least / 2, most], range) : scaleLinear([0, most], range);
  const sides = groups.some((group) => group.B !== undefined) ? 2 : 1;
  const groupHeight = sides * (barHeight + 2) + groupGap;
  return el(
    "svg",
    {
      class: "bars",
      viewBox: `0 0 ${width} ${groups.length * groupHeight}`,
      role: "img",
      "aria-labelledby": `${options.id}-t ${options.id}-d`,
    },
    el("title", { id: `${options.id}-t` }, `${options.title} (${options.scale === "log" ? "logarithmic" : "linear"} scale)`),
    el("desc", { id: `${options.id}-d` }, groups.map((group) => describe(group, options)).join(" ")),
    el(
      "defs",
      {},
      el(
        "pattern",
        { id: `${options.id}-h`, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        el("rect", { class: "side-b-ground", width: 4, height: 4 }),
        el("rect", { class: "side-b-line", width: 1.8, height: 4 }),
      ),
    ),
    groups.map((group, index) => {
      const top = index * groupHeight + groupGap / 2;
      const bar = (value: number, side: "A" | "B"): Markup =>
        drawBar({ value, side, y: side === "A" ? top : top + barHeight + 2, length: value > 0 ? length(value) : 0 }, options);
      return el(
        "g",
        {},
        el("text", { class: "label", x: labelWidth - 24, y: top + sides * (barHeight / 2 + 1) + 4, "text-anchor": "end" }, group.label),
        bar(group.A, "A"),
        group.B !== undefined && bar(group.B, "B"),
      );
    }),
  );
}

function drawBar(bar: { value: number; side: "A" | "B"; y: number; length: number }, options: BarsOptions): Markup {
  const fill = bar.side === "A" ? { class: "side-a" } : { fill: `url(#${options.id}-h)` };
  return el(
    "g",
    {},
    el("text", { class: "tick", x: labelWidth - 14, y: bar.y + barHeight - 3 }, bar.side),
    el("rect", { ...fill, x: labelWidth, y: bar.y, width: Math.max(1, bar.length).toFixed(1), height: barHeight, rx: 1.5 }),
    el("text", { class: "value", x: labelWidth + Math.max(1, bar.length) + 8, y: bar.y + barHeight - 2.5 }, options.format(bar.value)),
  );
}

function describe(group: BarGroup, options: BarsOptions): string {
  const b = group.B === undefined ? "" : `, B ${options.format(group.B)}`;
  return `${group.label}: A ${options.format(group.A)}${b}.`;
}
