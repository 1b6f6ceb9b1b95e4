/**
 * `summary.md`, made for the step summary of a CI run, which refuses more than 1 MiB as a whole. So there is a budget: the verdict and the counts
 * always fit, failures come next, and what does not fit any more is counted instead of cut in the middle.
 */
import { presentOutcomes, type VerdictOptions } from "../../evidence/results/overall-verdict.ts";
import { contentHash } from "../../evidence/results/results-file.ts";
import { type CampaignResult, type CaseResult, type LoadResult, levels, type Results } from "../../evidence/results/schema.ts";
import { type FailedCase, failedCases } from "../failed-cases.ts";
import { campaignSentence, type Headline, headlineOf } from "../headline.ts";
import { headAndRest, shortened, visibleResults } from "../visible-text.ts";
import { comparisonWords, counted, integer, interval, isoMinute, outcomeWords, ratio, traceTime } from "../wording.ts";
import { codeFence, codeSpan, plainText } from "./markdown-text.ts";

/** Below 1 MiB (1,048,576 bytes) with room for what else a step writes. */
export const summaryBytesMax = 1_000_000;

const framesMax = 30;
const textMax = 2000;

export interface SummaryOptions extends VerdictOptions {
  readonly bytesMax?: number;
}

export function renderSummary(raw: Results, options: SummaryOptions = {}): string {
  const results = visibleResults(raw);
  const headline = headlineOf(results, options);
  const head = headPart(results, headline);
  const foot = footPart(results, contentHash(raw));
  const budget = new Budget((options.bytesMax ?? summaryBytesMax) - sizeOf(head) - sizeOf(foot));
  const failures = failedCases(results, options.strict === true);
  const known = results.cases.filter((each) => each.outcome === "expected-fail");
  const parts = [
    head,
    budget.take("### Durability\n", { from: results.campaigns, write: campaignPart, noun: "campaign" }),
    budget.take("### Performance\n", { from: results.loads, write: loadPart, noun: "load profile" }),
    budget.take(`### ${counted(failures.length, "failure")}\n`, { from: failures, write: failurePart, noun: "failure" }),
    budget.take("### Known failing\n", { from: known, write: knownPart, noun: "case" }),
    foot,
  ];
  // Failures stand first on the page, though the few campaigns and loads are sure of their room.
  const [top, campaigns, loads, failed, ...rest] = parts;
  return [top, failed, campaigns, loads, ...rest].filter((part) => part !== "").join("\n");
}

interface BudgetEntries<Entry> {
  readonly from: readonly Entry[];
  readonly write: (entry: Entry) => string;
  readonly noun: string;
}

/** Hands out room; whole entries only. */
class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take<Entry>(title: string, entries: BudgetEntries<Entry>): string {
    const { from, write, noun } = entries;
    if (from.length === 0) {
      return "";
    }
    const reserve = sizeOf(title) + 160;
    this.#left -= reserve;
    const taken: string[] = [];
    for (const each of from) {
      const entry = write(each);
      const size = sizeOf(entry) + 1;
      if (size > this.#left) {
        break;
      }
      taken.push(entry);
      this.#left -= size;
    }
    const rest = from.length - taken.length;
    const note = rest > 0 ? `\n_${counted(rest, `more ${noun}`)} left out for room; report.html has all of it._\n` : "";
    return `${title}\n${taken.join("\n")}${note}`;
  }
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}

function headPart(results: Results, headline: Headline): string {
  const { server } = results.target;
  const title = `## ${headline.mark} ${headline.word}: ${plainText(shortened(`${server.name} ${server.version}`, 200))}\n`;
  const sentences = headline.sentences.slice(0, 40).map((sentence) => `- ${plainText(shortened(sentence, 600))}`);
  return [title, ...sentences, "", countsTable(headline)].join("\n");
}

function countsTable({ verdict }: Headline): string {
  const columns = presentOutcomes(verdict.counts.cases).map((each) => each.outcome);
  if (columns.length === 0) {
    return "";
  }
  const rows = levels
    .filter((level) => presentOutcomes(verdict.counts.byLevel[level]).length > 0)
    .map((level) => `| ${level} | ${columns.map((outcome) => integer(verdict.counts.byLevel[level][outcome])).join(" | ")} |`);
  const titles = columns.map((outcome) => `${outcomeWords[outcome].mark} ${outcomeWords[outcome].label}`);
  return [`| level | ${titles.join(" | ")} |`, `|---|${"---:|".repeat(columns.length)}`, ...rows, ""].join("\n");
}

function knownPart(result: CaseResult): string {
  return `- ${codeSpan(shortened(result.name, 400))}: ${plainText(shortened(result.reason ?? "no reason given", 600))}\n`;
}

function failurePart({ result, fatal, requirements }: FailedCase): string {
  const { failure } = result;
  const { mark, label } = outcomeWords[result.outcome];
  const fields = [
    ...requirements.map(
      (each) => `${plainText(shortened(each.says, 600))} (${codeSpan(each.id)}, ${plainText(shortened(each.basis, 200))})\n`,
    ),
    result.reason !== undefined && `${plainText(shortened(result.reason, 600))}\n`,
    failure !== undefined && messageText(failure.message),
    failure?.expected !== undefined && `Expected\n\n${codeFence(shortened(failure.expected, textMax))}\n`,
    failure?.actual !== undefined && `Actual\n\n${codeFence(shortened(failure.actual, textMax))}\n`,
    failure !== undefined && failure.trace.length > 0 && `Wire trace\n\n${codeFence(traceText(failure.trace))}\n`,
    `Reproduce\n\n${codeFence(shortened(result.reproduce, textMax))}\n`,
  ];
  const level = fatal ? result.level : `${result.level}, does not fail the run`;
  const summary = `<summary>${mark} ${label}: <b>${plainText(shortened(result.title, 200))}</b> (${level})</summary>`;
  const body = fields.filter((field) => field !== false).join("\n");
  return `<details>\n${summary}\n\n${codeSpan(shortened(result.name, 400))}\n\n${body}\n</details>\n`;
}

function messageText(message: string): string {
  const { head, rest } = headAndRest(message);
  return `**${plainText(shortened(head, 600))}**\n${rest === "" ? "" : `\n${codeFence(shortened(rest, textMax))}\n`}`;
}

function traceText(trace: NonNullable<FailedCase["result"]["failure"]>["trace"]): string {
  const shown = trace.slice(-framesMax);
  const lines = shown.map((frame) => {
    const text = shortened(frame.text.replaceAll("\n", "⏎"), 300);
    return `${traceTime(frame.atMs)} ${frame.direction === "sent" ? "→" : "←"} ${shortened(frame.connection, 60)}  ${text}`;
  });
  return [...(trace.length > shown.length ? [`(${trace.length - shown.length} earlier frames in results.json)`] : []), ...lines].join("\n");
}

function campaignPart(campaign: CampaignResult): string {
  const { mark } = outcomeWords[campaign.outcome];
  const witness = campaign.witness.length === 0 ? "" : `\n${codeFence(campaign.witness.map((line) => shortened(line, 300)).join("\n"))}\n`;
  const rows = campaign.pictures
    .filter((each) => each.lost > 0)
    .slice(0, 10)
    .map(
      (each) =>
        `| ${plainText(shortened(each.title, 80))} | ${plainText(shortened(each.fault, 80))} | ${integer(each.acknowledged)} | ${integer(each.acknowledged - each.lost)} | ${each.place} |`,
    );
  const pictures =
    rows.length === 0 ? "" : ["", "| | fault | acknowledged | found | lost where |", "|---|---|---:|---:|---|", ...rows, ""].join("\n");
  return `- ${mark} ${plainText(shortened(campaignSentence(campaign), 600))}\n${pictures}${witness}\n${codeFence(shortened(campaign.reproduce, textMax))}\n`;
}

function loadPart(load: LoadResult): string {
  const { mark } = outcomeWords[load.outcome];
  const rows = load.comparisons.map((each) => {
    const words = comparisonWords[each.verdict];
    return `| ${codeSpan(shortened(each.metric, 80))} | ${ratio(each.ratio)} | ${interval(each)} | ${words.mark} ${words.label} |`;
  });
  const { A, B } = load.sides;
  const sides = B === undefined ? `${A.target} ${A.version}` : `A ${A.target} ${A.version}, B ${B.target} ${B.version}`;
  const reason = load.reason === undefined ? "" : ` ${load.reason}.`;
  const title = `**${mark} ${plainText(load.profile)}**: ${plainText(shortened(`${sides}; ${load.policy}.${reason}`, 600))}\n`;
  const bound = load.generatorBound ? "\nThe load generator was the limit: a lower bound, no gate judged.\n" : "";
  const compared =
    rows.length === 0 ? "" : ["", "| metric | ratio A/B | 95 % interval | verdict |", "|---|---:|---:|---|", ...rows, ""].join("\n");
  return `${title}${bound}${compared}\n${codeFence(shortened(load.reproduce, textMax))}\n`;
}

function footPart(results: Results, hash: string): string {
  const profile = results.profile === undefined ? "" : `, profile ${results.profile}`;
  const line = `${results.tool.name} ${results.tool.version}${profile}, ${isoMinute(results.startedAt)}. results.json`;
  return `${plainText(shortened(line, 400))} sha256 \`${hash}\`\n\n${codeFence(shortened(results.command, textMax))}\n`;
}
