/** Load comparisons: both sides in turn under one load, the ratio with its interval, and the policy beside every figure. */
import type { LoadBlock, LoadResult, Results } from "../../../evidence/results/schema.ts";
import { forestPlot } from "../../charts/forest-plot.ts";
import { type BarGroup, sideBars } from "../../charts/side-bars.ts";
import { type Content, el, type Markup } from "../../markup.ts";
import { comparisonWords, counted, integer, interval, microseconds, milliseconds, ratio } from "../../wording.ts";
import { disclosure, facts, outcomeTag, reproduce, section, table, tag } from "./elements.ts";

export function loadsSection(results: Results): Markup | undefined {
  if (results.loads.length === 0) {
    return undefined;
  }
  return section(
    "performance",
    "Performance",
    results.loads.map((load, index) => loadPart(load, `load-${index + 1}`)),
  );
}

function loadPart(load: LoadResult, id: string): Markup {
  const { A, B } = load.sides;
  return el(
    "article",
    { class: load.outcome === "fail" || load.outcome === "error" ? "card bad" : "card", id, "aria-labelledby": `${id}-title` },
    el("p", { class: "tags" }, outcomeTag(load.outcome), el("span", { class: "level" }, load.policy)),
    el("h3", { id: `${id}-title` }, load.profile),
    load.reason !== undefined && el("p", { class: "message" }, load.reason),
    load.generatorBound &&
      el(
        "p",
        { class: "message tone-warn" },
        "? The load generator was the limit, not the server: these figures are a lower bound and no gate was judged by them.",
      ),
    facts([
      ["A", sideName(A)],
      ["B", B === undefined ? undefined : sideName(B)],
      ["Load", `${load.model} model, size ${load.size}`],
      ["Duration", milliseconds(load.durationMs)],
    ]),
    comparisonsPart(load, id),
    figuresPart(load, id),
    load.blocks.length > 0 && disclosure(`All ${counted(load.blocks.length, "block")} (${load.policy})`, false, blocksTable(load)),
    reproduce(load.reproduce),
  );
}

function sideName(side: LoadResult["sides"]["A"]): string {
  const settings = Object.entries(side.settings).map(([key, value]) => `${key}=${value}`);
  return [`${side.target} ${side.version}`, ...settings].join(", ");
}

function comparisonsPart(load: LoadResult, id: string): Content {
  const { A, B } = load.sides;
  if (B === undefined || load.comparisons.length === 0) {
    return undefined;
  }
  const sides = `A (${A.target} ${A.version}) to B (${B.target} ${B.version})`;
  return [
    el("h4", {}, `Ratio A to B, ${load.policy}`),
    el("div", { class: "chart" }, forestPlot(load.comparisons, { id: `${id}-forest`, sides: `${sides}, ${load.policy}` })),
    table(
      `Ratio of ${sides}, ${load.policy}`,
      [
        { title: "Metric" },
        { title: "Ratio A/B", numeric: true },
        { title: "95 % interval", numeric: true },
        { title: "p", numeric: true },
        { title: "Pairs", numeric: true },
        { title: "Verdict for A" },
      ],
      load.comparisons.map((each) => [
        each.metric,
        el("strong", {}, ratio(each.ratio)),
        interval(each),
        each.p < 0.0001 ? "< 0.0001" : each.p.toFixed(4),
        integer(each.pairs),
        tag(comparisonWords[each.verdict]),
      ]),
    ),
  ];
}

function figuresPart(load: LoadResult, id: string): Content {
  const A = load.blocks.filter((block) => block.side === "A");
  const B = load.blocks.filter((block) => block.side === "B");
  if (A.length === 0) {
    return undefined;
  }
  const throughput = [groupOf("per second", [A, B], (block) => block.perSecond)];
  const latencies = (["p50", "p90", "p99", "p999"] as const)
    .map((name) => groupOf(name === "p999" ? "p99.9" : name, [A, B], (block) => block.response?.[name]))
    .filter((group) => Number.isFinite(group.A));
  const perSecond = (value: number): string => `${integer(value)}/s`;
  return [
    el("h4", {}, `Throughput, median block, ${load.policy}`),
    el(
      "div",
      { class: "chart" },
      sideBars(throughput, { id: `${id}-rate`, title: `Throughput, ${load.policy}`, scale: "linear", format: perSecond }),
    ),
    latencies.length > 0 && [
      el("h4", {}, `Response time from the intended start, median block, ${load.policy}`),
      el(
        "div",
        { class: "chart" },
        sideBars(latencies, { id: `${id}-latency`, title: `Response time, ${load.policy}`, scale: "log", format: microseconds }),
      ),
      el("p", { class: "note" }, "Logarithmic scale."),
    ],
  ];
}

function groupOf(label: string, [A, B]: [LoadBlock[], LoadBlock[]], figure: (block: LoadBlock) => number | undefined): BarGroup {
  const [a, b] = [medianOf(A.map(figure)), medianOf(B.map(figure))];
  return { label, A: a, ...(Number.isFinite(b) ? { B: b } : {}) };
}

/** NaN when no block has the figure. */
function medianOf(values: readonly (number | undefined)[]): number {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) {
    return Number.NaN;
  }
  return ((sorted[Math.floor(middle - 0.5)] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

function blocksTable(load: LoadResult): Markup {
  return table(
    `Every block in the order it was measured, ${load.policy}`,
    [
      { title: "Pair", numeric: true },
      { title: "Side" },
      { title: "Per second", numeric: true },
      { title: "p50", numeric: true },
      { title: "p99", numeric: true },
      { title: "p99.9", numeric: true },
      { title: "Acknowledged", numeric: true },
      { title: "Lost", numeric: true },
      { title: "Out of order", numeric: true },
      { title: "Duplicated", numeric: true },
      { title: "Errors", numeric: true },
      { title: "Deferred", numeric: true },
    ],
    load.blocks.map((block) => [
      integer(block.pair),
      block.side,
      integer(block.perSecond),
      latency(block.response?.p50),
      latency(block.response?.p99),
      latency(block.response?.p999),
      integer(block.accounting.acknowledged),
      block.accounting.lost > 0 ? el("strong", { class: "tone-bad" }, `✕ ${integer(block.accounting.lost)}`) : "0",
      integer(block.accounting.outOfOrder),
      integer(block.accounting.duplicated),
      integer(Object.values(block.accounting.errors).reduce((sum, count) => sum + count, 0)),
      integer(block.deferred),
    ]),
  );
}

function latency(value: number | undefined): string {
  return value === undefined ? "–" : microseconds(value);
}
