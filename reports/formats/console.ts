/**
 * The end of a run on a terminal or in a CI log: failures first and in full, then what else is worth knowing, then the verdict as the last line. Colours
 * come in as a palette; without one the text is plain.
 */
import type { VerdictOptions } from "../../evidence/results/overall-verdict.ts";
import type { CampaignResult, Failure, LoadResult, Results } from "../../evidence/results/schema.ts";
import { type FailedCase, failedCases } from "../failed-cases.ts";
import { campaignSentence, headlineOf, loadSentences } from "../headline.ts";
import { oneLine, shortened, visibleResults } from "../visible-text.ts";
import { comparisonWords, counted, integer, interval, outcomeWords, ratio, type Tone, traceTime } from "../wording.ts";

type Paint = (text: string) => string;

export interface ConsolePalette extends Readonly<Record<Tone, Paint>> {
  readonly strong: Paint;
}

export interface ConsoleOptions extends VerdictOptions {
  readonly palette?: ConsolePalette;
  /** Failures told in full; the rest by name. */
  readonly failuresMax?: number;
}

const plain: ConsolePalette = { good: same, bad: same, warn: same, quiet: same, strong: same };
const framesMax = 30;
const frameTextMax = 300;
const logLinesMax = 10;
const undoneMax = 5;

export function renderConsole(raw: Results, options: ConsoleOptions = {}): string {
  const results = visibleResults(raw);
  const paint = options.palette ?? plain;
  const headline = headlineOf(results, options);
  const failed = failedCases(results, options.strict === true);
  const told = failed.slice(0, options.failuresMax ?? 25);
  const rest = failed
    .slice(told.length)
    .map((each) => `  ${paint.bad(outcomeWords[each.result.outcome].mark)} ${oneLine(each.result.name)}`);
  const blocks = [
    ...told.map((each) => failureBlock(each, paint)),
    rest,
    ...results.campaigns.map((campaign) => campaignBlock(campaign, paint)),
    ...results.loads.map((load) => loadBlock(load, paint)),
    knownBlock(results, paint),
    summaryBlock(results, { headline, paint }),
  ];
  const filled = blocks.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function same(text: string): string {
  return text;
}

function failureBlock({ result, fatal, requirements }: FailedCase, paint: ConsolePalette): string[] {
  const { mark, label } = outcomeWords[result.outcome];
  const level = fatal ? result.level : `${result.level}, does not fail the run`;
  return [
    `${paint.bad(`${mark} ${label}`)}  ${paint.strong(oneLine(result.name))}  ${paint.quiet(`(${level})`)}`,
    `  ${oneLine(result.title)}`,
    ...requirements.map((each) => paint.quiet(`  ${oneLine(each.says)} [${oneLine(each.id)}; ${oneLine(each.basis)}]`)),
    ...(result.reason === undefined ? [] : [`  ${oneLine(result.reason)}`]),
    ...(result.failure === undefined ? [] : failureLines(result.failure, paint)),
    ...result.pictures
      .filter((each) => each.lost > 0)
      .map((each) => `  ${oneLine(each.title)}: ${integer(each.lost)} of ${integer(each.acknowledged)} lost`),
    `  reproduce  ${oneLine(result.reproduce, 1000)}`,
  ];
}

function failureLines(failure: Failure, paint: ConsolePalette): string[] {
  const trace = failure.trace.slice(-framesMax);
  const cut = failure.trace.length - trace.length;
  return [
    `  ${paint.bad(indent(failure.message))}`,
    ...(failure.where === undefined ? [] : [paint.quiet(`  at ${oneLine(failure.where)}`)]),
    ...(failure.path === undefined ? [] : [`  field      ${oneLine(failure.path)}`]),
    ...(failure.expected === undefined ? [] : [`  expected   ${indent(failure.expected)}`]),
    ...(failure.actual === undefined ? [] : [`  actual     ${indent(failure.actual)}`]),
    ...(trace.length === 0 ? [] : [paint.quiet(`  wire trace${cut > 0 ? `, ${integer(cut)} earlier frames left out` : ""}`)]),
    ...trace.map((frame) => {
      const arrow = frame.direction === "sent" ? "→" : "←";
      return `    ${paint.quiet(traceTime(frame.atMs))} ${arrow} ${oneLine(frame.connection, 40)}  ${oneLine(frame.text, frameTextMax)}`;
    }),
    ...(failure.serverLog.length === 0 ? [] : [paint.quiet("  server log")]),
    ...failure.serverLog.slice(-logLinesMax).map((line) => `    ${oneLine(line)}`),
  ];
}

/** Lines after the first stand under the column of values, so that no text of a server can pass for a line of ours. */
function indent(text: string): string {
  return shortened(text, 2000).replaceAll("\n", `\n${" ".repeat(13)}`);
}

function campaignBlock(campaign: CampaignResult, paint: ConsolePalette): string[] {
  const { mark, tone } = outcomeWords[campaign.outcome];
  const damaged = campaign.pictures.filter((each) => each.lost > 0 || each.undone.length > 0);
  const undone = damaged.flatMap((each) => each.undone);
  return [
    `${paint[tone](mark)} ${paint.strong("crash")} ${oneLine(campaignSentence(campaign), 400)}`,
    ...(campaign.control === undefined
      ? []
      : [paint.quiet(`  control: ${integer(campaign.control.lost)} of ${integer(campaign.control.acknowledged)} lost`)]),
    ...damaged
      .slice(0, 5)
      .map(
        (each) =>
          `  ${oneLine(each.title)}: ${integer(each.lost)} of ${integer(each.acknowledged)} lost (${each.place}); ${oneLine(each.evidence)}`,
      ),
    ...undone.slice(0, undoneMax).map((each) => `  undone: ${oneLine(each)}`),
    ...(undone.length > undoneMax ? [`  undone: ${integer(undone.length - undoneMax)} more`] : []),
    ...(campaign.witness.length === 0
      ? []
      : ["  the smallest set of operations that shows it", ...campaign.witness.map((line) => `    ${oneLine(line, 300)}`)]),
    `  reproduce  ${oneLine(campaign.reproduce, 1000)}`,
  ];
}

function loadBlock(load: LoadResult, paint: ConsolePalette): string[] {
  const { mark, tone } = outcomeWords[load.outcome];
  const [first] = loadSentences(load);
  const width = Math.max(0, ...load.comparisons.map((each) => each.metric.length));
  return [
    `${paint[tone](mark)} ${paint.strong("load")} ${oneLine(first ?? load.profile, 400)}`,
    ...(load.generatorBound ? [paint.warn("  ? the load generator was the limit: a lower bound, no gate judged")] : []),
    ...load.comparisons.map((each) => {
      const words = comparisonWords[each.verdict];
      return `  ${oneLine(each.metric).padEnd(width)}  ${ratio(each.ratio)}  [${interval(each)}]  ${paint[words.tone](`${words.mark} ${words.label}`)}  ${paint.quiet(oneLine(load.policy))}`;
    }),
    `  reproduce  ${oneLine(load.reproduce, 1000)}`,
  ];
}

function knownBlock(results: Results, paint: ConsolePalette): string[] {
  const known = results.cases.filter((each) => each.outcome === "expected-fail" || each.outcome === "inconclusive");
  return known.map((each) => {
    const { mark, label, tone } = outcomeWords[each.outcome];
    return `${paint[tone](`${mark} ${label}`)}  ${oneLine(each.name)}  ${paint.quiet(oneLine(each.reason ?? "no reason given"))}`;
  });
}

function summaryBlock(results: Results, about: { headline: ReturnType<typeof headlineOf>; paint: ConsolePalette }): string[] {
  const { headline, paint } = about;
  const { server } = results.target;
  const failing = headline.verdict.failing.length;
  return [
    ...headline.sentences.map((sentence) => oneLine(sentence, 400)),
    `${paint[headline.tone](`${headline.mark} ${headline.word}`)}  ${paint.strong(`${oneLine(server.name)} ${oneLine(server.version)}`)}${failing > 0 ? `  ${counted(failing, "failure")}` : ""}`,
  ];
}
