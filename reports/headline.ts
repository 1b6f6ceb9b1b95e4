/** What a run says in one word and a few sentences: the top of every report. */
import { type OverallVerdict, type VerdictOptions, verdictOf } from "../evidence/results/overall-verdict.ts";
import type { CampaignResult, LoadResult, Results } from "../evidence/results/schema.ts";
import { counted, integer, interval, ratio, type Tone } from "./wording.ts";

export interface Headline {
  readonly word: string;
  readonly mark: string;
  readonly tone: Tone;
  /** The most important first. */
  readonly sentences: readonly string[];
  readonly verdict: OverallVerdict;
}

export function headlineOf(results: Results, options: VerdictOptions = {}): Headline {
  const verdict = verdictOf(results, options);
  const sentences = [
    ...certifySentences(results, verdict),
    ...results.campaigns.map(campaignSentence),
    ...results.loads.flatMap(loadSentences),
  ];
  if (isNothingJudged(verdict)) {
    sentences.push("Nothing ran that could be judged, so this says nothing about the server.");
  }
  if (results.interrupted) {
    sentences.push("The run was stopped before its end: what is here is true, but not all.");
  }
  return { ...wordOf(results, verdict), sentences, verdict };
}

function wordOf(results: Results, verdict: OverallVerdict): Pick<Headline, "word" | "mark" | "tone"> {
  if (verdict.exitCode === 1) {
    return { word: "Failed", mark: "✕", tone: "bad" };
  }
  if (isNothingJudged(verdict)) {
    return { word: "Nothing judged", mark: "–", tone: "quiet" };
  }
  if (verdict.exitCode === 4 || onlyInconclusive(verdict)) {
    return { word: "Inconclusive", mark: "?", tone: "warn" };
  }
  return results.interrupted ? { word: "Interrupted", mark: "?", tone: "warn" } : { word: "Passed", mark: "✓", tone: "good" };
}

function isNothingJudged({ counts }: OverallVerdict): boolean {
  const all = [counts.cases, counts.campaigns, counts.loads];
  return all.every((each) =>
    Object.entries(each).every(([name, count]) => count === 0 || name === "not-applicable" || name === "unsupported"),
  );
}

function onlyInconclusive({ counts, inconclusive }: OverallVerdict): boolean {
  return inconclusive.length > 0 && counts.cases.pass + counts.campaigns.pass + counts.loads.pass === 0;
}

function certifySentences(results: Results, verdict: OverallVerdict): string[] {
  if (results.cases.length === 0) {
    return [];
  }
  const profile = results.profile === undefined ? "" : ` of profile ${results.profile}`;
  const musts = results.requirements.filter((each) => each.level === "must" && each.cases.length > 0);
  const broken = musts.filter((each) => each.outcome === "fail" || each.outcome === "error");
  const held = musts.filter((each) => each.outcome === "pass");
  const sentences: string[] = [];
  if (musts.length > 0) {
    const all = counted(musts.length, "requirement");
    const rest = broken.length === 0 && held.length === musts.length;
    const many = `${integer(held.length)} of ${all} that must hold${profile} hold`;
    sentences.push(
      rest ? `All ${all} that must hold${profile} hold.` : `${many}${broken.length > 0 ? `; ${integer(broken.length)} failed` : ""}.`,
    );
  }
  const { cases } = verdict.counts;
  const parts = [counted(cases.pass, "case passed", "cases passed")];
  const named = {
    fail: "failed",
    error: "broke in the judge",
    "expected-fail": "known failing",
    "unexpected-pass": "passed unexpectedly",
    inconclusive: "inconclusive",
  } as const;
  for (const outcome of ["fail", "error", "unexpected-pass", "expected-fail", "inconclusive"] as const) {
    if (cases[outcome] > 0) {
      parts.push(`${integer(cases[outcome])} ${named[outcome]}`);
    }
  }
  const unjudged = cases["not-applicable"] + cases.unsupported;
  return [...sentences, `${parts.join(", ")}${unjudged > 0 ? `, ${integer(unjudged)} not applicable or unsupported` : ""}.`];
}

export function campaignSentence(campaign: CampaignResult): string {
  const done = `${campaign.campaign}, ${counted(campaign.cycles.done, "cycle")}`;
  if (campaign.outcome === "inconclusive" || campaign.outcome === "error") {
    return `${done}: ${campaign.outcome === "error" ? "the judge failed" : "inconclusive"}${campaign.reason === undefined ? "" : `, ${campaign.reason}`}.`;
  }
  const undone = campaign.undone > 0 ? ` and ${counted(campaign.undone, "other acknowledged change")} undone` : "";
  if (campaign.lost === 0 && campaign.undone === 0) {
    return `${done}: ${counted(campaign.acknowledged, "acknowledged message")}, none lost.`;
  }
  return `${done}: ${integer(campaign.lost)} of ${counted(campaign.acknowledged, "acknowledged message")} lost${undone}.`;
}

export function loadSentences(load: LoadResult): string[] {
  if (load.sides.B === undefined || load.comparisons.length === 0) {
    return load.reason === undefined ? [] : [`${load.profile}: ${load.reason}.`];
  }
  const against = `${load.sides.B.target} ${load.sides.B.version}`;
  return load.comparisons
    .slice(0, 1)
    .map(
      (each) =>
        `${load.profile}: ${each.metric} ${ratio(each.ratio)} that of ${against} (95 % interval ${interval(each)}; ${load.policy}).`,
    );
}
