/** Every other case: the known failing with their reasons, those that were not judged grouped by why, and all of them folded by suite. */
import type { CaseResult, Outcome, Results } from "../../../evidence/results/schema.ts";
import { el, link, type Markup } from "../../markup.ts";
import { counted, integer, milliseconds, outcomeWords } from "../../wording.ts";
import { disclosure, outcomeTag, section, table } from "./elements.ts";

export function knownFailingSection(results: Results): Markup | undefined {
  const known = results.cases.filter((each) => each.outcome === "expected-fail" || each.outcome === "flaky");
  if (known.length === 0) {
    return undefined;
  }
  return section(
    "known-failing",
    "Known failing",
    el("p", {}, "Listed beside the target with a reason. They were run; one that passes fails the run."),
    table(
      "Known failing cases",
      [{ title: "Case" }, { title: "Outcome" }, { title: "Reason" }],
      known.map((each) => [
        el("code", {}, each.name),
        outcomeTag(each.outcome),
        el("div", {}, each.reason ?? "no reason given", each.link !== undefined && el("div", {}, link(each.link, each.link))),
      ]),
    ),
  );
}

export function unjudgedSection(results: Results): Markup | undefined {
  const kinds: readonly Outcome[] = ["inconclusive", "unsupported", "not-applicable"];
  const unjudged = results.cases.filter((each) => kinds.includes(each.outcome));
  if (unjudged.length === 0) {
    return undefined;
  }
  const groups = [
    ...Map.groupBy(unjudged, (each) => JSON.stringify([kinds.indexOf(each.outcome), each.reason ?? "no reason given"])).values(),
  ];
  groups.sort((a, b) => kinds.indexOf(a[0]?.outcome ?? "pass") - kinds.indexOf(b[0]?.outcome ?? "pass"));
  return section("not-judged", "Not judged", groups.map(unjudgedGroup));
}

function unjudgedGroup(cases: readonly CaseResult[]): Markup {
  const [first] = cases;
  const { mark, label } = outcomeWords[first?.outcome ?? "not-applicable"];
  return disclosure(
    `${mark} ${counted(cases.length, "case")} ${label}: ${first?.reason ?? "no reason given"}`,
    false,
    el(
      "ul",
      { class: "names" },
      cases.map((each) => el("li", {}, el("code", {}, each.name))),
    ),
  );
}

export function allCasesSection(results: Results): Markup | undefined {
  if (results.cases.length === 0) {
    return undefined;
  }
  const suites = [...Map.groupBy(results.cases, (each) => each.suite)].sort(([a], [b]) => a.localeCompare(b));
  return section(
    "all-cases",
    "All cases",
    suites.map(([suite, cases]) =>
      disclosure(el("span", {}, el("code", {}, suite), ` ${summarize(cases)}`), false, suiteTable(suite, cases)),
    ),
  );
}

function summarize(cases: readonly CaseResult[]): string {
  const groups = Map.groupBy(cases, (each) => each.outcome);
  return [...groups]
    .map(([outcome, own]) => `${outcomeWords[outcome].mark} ${integer(own.length)} ${outcomeWords[outcome].label}`)
    .join(", ");
}

function suiteTable(suite: string, cases: readonly CaseResult[]): Markup {
  return table(
    `Cases of ${suite}`,
    [{ title: "Case" }, { title: "Outcome" }, { title: "Level" }, { title: "Duration", numeric: true }],
    cases.map((each) => [
      el("div", {}, each.title, el("br", {}), el("code", { class: "soft" }, each.name)),
      outcomeTag(each.outcome),
      each.level,
      milliseconds(each.durationMs),
    ]),
  );
}
