/** The top of the page: what was judged, the verdict, the facts that a reader quotes, and the counts by level and outcome. */
import { type OutcomeCounts, presentOutcomes } from "../../../evidence/results/overall-verdict.ts";
import { levels, type Results } from "../../../evidence/results/schema.ts";
import type { Headline } from "../../headline.ts";
import { el, type Markup } from "../../markup.ts";
import { integer, isoMinute, milliseconds, outcomeWords } from "../../wording.ts";
import { facts, section, table } from "./elements.ts";

export function banner(results: Results, headline: Headline, hash: string): Markup {
  const { server, name } = results.target;
  const elapsedMs = Date.parse(results.finishedAt) - Date.parse(results.startedAt);
  return el(
    "header",
    { class: `banner tone-${headline.tone}` },
    el("p", { class: "eyebrow" }, kindOf(results)),
    el("h1", {}, `${server.name} ${server.version}`),
    el("p", { class: "verdict" }, el("span", { class: "mark", "aria-hidden": "true" }, headline.mark), ` ${headline.word}`),
    el(
      "ul",
      { class: "lead" },
      headline.sentences.map((sentence) => el("li", {}, sentence)),
    ),
    facts([
      ["Target", name],
      ["Profile", results.profile],
      ["Suites", results.suitesVersion],
      ["Date", el("time", { datetime: results.startedAt }, isoMinute(results.startedAt))],
      ["Duration", milliseconds(Math.max(0, elapsedMs))],
      ["Tool", `${results.tool.name} ${results.tool.version}`],
      ["SHA-256 of results.json", el("code", { class: "hash" }, hash)],
    ]),
  );
}

function kindOf(results: Results): string {
  const kinds = [
    results.cases.length > 0 && "Conformance",
    results.campaigns.length > 0 && "Durability",
    results.loads.length > 0 && "Performance",
  ].filter((kind) => kind !== false);
  return kinds.length === 0 ? "Report" : `${kinds.join(", ")} report`;
}

export function countsSection(results: Results, headline: Headline): Markup | undefined {
  if (results.cases.length === 0) {
    return undefined;
  }
  const { byLevel, cases } = headline.verdict.counts;
  const columns = presentOutcomes(cases).map((each) => each.outcome);
  const row = (title: string, counts: OutcomeCounts): (string | Markup)[] => [
    title,
    ...columns.map((outcome) => figure(counts[outcome], outcome)),
    integer(columns.reduce((sum, outcome) => sum + counts[outcome], 0)),
  ];
  const shown = levels.filter((level) => presentOutcomes(byLevel[level]).length > 0);
  return section(
    "counts",
    "Cases",
    table(
      "Cases by level and outcome",
      [
        { title: "Level" },
        ...columns.map((outcome) => ({ title: `${outcomeWords[outcome].mark} ${outcomeWords[outcome].label}`, numeric: true })),
        { title: "all", numeric: true },
      ],
      [...shown.map((level) => row(level, byLevel[level])), row("all", cases)],
    ),
  );
}

function figure(count: number, outcome: keyof OutcomeCounts): string | Markup {
  const { tone } = outcomeWords[outcome];
  if (count === 0) {
    return el("span", { class: "zero" }, "0");
  }
  return tone === "bad" || tone === "warn" ? el("strong", { class: `tone-${tone}` }, integer(count)) : integer(count);
}
