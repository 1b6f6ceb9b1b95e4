/**
 * `junit.xml`. There is no official schema, so it keeps to what every reader understands: the stable case id in `name`, its group in `classname`, the
 * level and the requirements as properties, and the essentials again in the failure's text, because some readers show nothing else.
 *
 * Only what makes the run fail is a `failure`. A `may` that does not hold, a known failing or an inconclusive case is `skipped` with its reason.
 */
import junitModule, { type Builder, type TestCase, type TestSuite } from "junit-report-builder";
import { failsRun, type VerdictOptions } from "../../evidence/results/overall-verdict.ts";
import type { CampaignResult, CaseResult, LoadResult, Results } from "../../evidence/results/schema.ts";
import { campaignSentence, loadSentences } from "../headline.ts";
import { headAndRest, shortened, visibleResults } from "../visible-text.ts";
import { outcomeWords, traceTime } from "../wording.ts";

const framesMax = 40;
const frameTextMax = 300;

export function renderJunit(raw: Results, options: VerdictOptions = {}): string {
  const results = visibleResults(raw);
  const builder = newBuilder().name("streamproof");
  for (const [suite, cases] of Map.groupBy(results.cases, (each) => each.suite)) {
    const group = newSuite(builder.testSuite().name(suite), results);
    group.time(seconds(cases.reduce((sum, each) => sum + each.durationMs, 0)));
    for (const each of cases) {
      addCase(group.testCase(), each, options.strict === true);
    }
  }
  if (results.campaigns.length > 0) {
    const group = newSuite(builder.testSuite().name("crash"), results);
    results.campaigns.forEach((campaign) => addCampaign(group.testCase(), campaign));
  }
  if (results.loads.length > 0) {
    const group = newSuite(builder.testSuite().name("load"), results);
    results.loads.forEach((load) => addLoad(group.testCase(), load));
  }
  return builder.build();
}

/** The package is CommonJS whose one export Node hands over bare, while its types put it under `default`. */
function newBuilder(): Builder {
  const imported: unknown = junitModule;
  if (!isBuilder(imported)) {
    throw new TypeError("junit-report-builder exports no builder");
  }
  return imported.newBuilder();
}

function isBuilder(value: unknown): value is Builder {
  return typeof value === "object" && value !== null && "newBuilder" in value;
}

function newSuite(suite: TestSuite, results: Results): TestSuite {
  const { server, name } = results.target;
  suite.timestamp(results.startedAt.replace(/(?:\.\d+)?Z$/, ""));
  return suite
    .property("target", name)
    .property("server", `${server.name} ${server.version}`)
    .property("profile", results.profile ?? "");
}

function addCase(testCase: TestCase, result: CaseResult, strict: boolean): void {
  testCase.className(result.suite).name(result.name).time(seconds(result.durationMs));
  testCase.property("level", result.level).property("outcome", result.outcome).property("title", result.title);
  result.checks.forEach((id) => testCase.property("requirement", id));
  if (failsRun(result, strict)) {
    markFailed(testCase, { message: messageOf(result), text: detailsOf(result), outcome: result.outcome });
  } else if (result.outcome !== "pass" && result.outcome !== "flaky") {
    testCase.skipped().standardOutput(cdata(`${outcomeWords[result.outcome].label}, level ${result.level}\n${detailsOf(result)}`));
  }
}

function messageOf(result: CaseResult): string {
  return `${result.title} (${result.level}): ${result.failure === undefined ? (result.reason ?? outcomeWords[result.outcome].label) : headAndRest(result.failure.message).head}`;
}

function detailsOf(result: CaseResult): string {
  const { failure } = result;
  const lines = [
    result.title,
    `case: ${result.name}`,
    `level: ${result.level}, requirements: ${result.checks.join(", ")}`,
    result.reason !== undefined && `reason: ${result.reason}${result.link === undefined ? "" : ` (${result.link})`}`,
    failure !== undefined && `found: ${failure.message}`,
    failure?.where !== undefined && `at: ${failure.where}`,
    failure?.path !== undefined && `field: ${failure.path}`,
    failure?.expected !== undefined && `expected: ${failure.expected}`,
    failure?.actual !== undefined && `actual: ${failure.actual}`,
    ...result.pictures.map(
      (each) => `${each.title}: ${each.lost} of ${each.acknowledged} acknowledged lost (${each.place}); ${each.evidence}`,
    ),
    ...(failure?.trace.slice(-framesMax) ?? []).map(
      (frame) => `${traceTime(frame.atMs)} ${frame.direction} ${frame.connection}: ${shortened(frame.text, frameTextMax)}`,
    ),
    `reproduce: ${result.reproduce}`,
  ];
  return lines.filter((line) => line !== false).join("\n");
}

function addCampaign(testCase: TestCase, campaign: CampaignResult): void {
  const text = [campaignSentence(campaign), ...campaign.witness, `reproduce: ${campaign.reproduce}`].join("\n");
  testCase.className("crash").name(`crash/${campaign.campaign}`).time(seconds(campaign.durationMs));
  testCase.property("level", "must").property("outcome", campaign.outcome).property("seed", String(campaign.seed));
  addOutcome(testCase, { outcome: campaign.outcome, message: campaignSentence(campaign), text });
}

function addLoad(testCase: TestCase, load: LoadResult): void {
  const message = loadSentences(load)[0] ?? load.reason ?? load.profile;
  const text = [
    message,
    load.policy,
    ...load.comparisons.map((each) => `${each.metric}: ${each.ratio} [${each.low}, ${each.high}] ${each.verdict}`),
    `reproduce: ${load.reproduce}`,
  ].join("\n");
  testCase.className("load").name(`load/${load.profile}/${load.policy}`).time(seconds(load.durationMs));
  testCase.property("outcome", load.outcome).property("policy", load.policy);
  addOutcome(testCase, { outcome: load.outcome, message, text });
}

interface Judged {
  readonly outcome: CaseResult["outcome"];
  readonly message: string;
  readonly text: string;
}

function addOutcome(testCase: TestCase, judged: Judged): void {
  if (failsRun({ outcome: judged.outcome, level: "must" })) {
    markFailed(testCase, judged);
  } else if (judged.outcome !== "pass") {
    testCase.skipped().standardOutput(cdata(judged.text));
  }
}

function markFailed(testCase: TestCase, judged: Judged): void {
  if (judged.outcome === "error") {
    testCase.error(judged.message, judged.outcome, cdata(judged.text));
  } else {
    testCase.failure(judged.message, judged.outcome).stacktrace(cdata(judged.text));
  }
}

/** The builder wraps text in CDATA, which nothing but its end can leave. */
function cdata(text: string): string {
  return text.replaceAll("]]>", "]] >");
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
