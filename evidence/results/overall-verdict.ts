/**
 * The verdict over all results, and the exit code that says it: 0 good, 1 a requirement failed or a gate regressed, 4 nothing failed but something
 * is inconclusive and the caller asked for that to count. (2, 3 and 130 are decided before there are results.)
 *
 * A failing `must` fails; a failing `should` fails when `strict`; `may` and `observed` never do. An unexpected pass is a stale known-failing
 * list and fails whatever its level; so does an error, the judge's own failure: nothing is certified by a judge that broke.
 */
import type { CaseResult, Level, Outcome, Results } from "./schema.ts";
import { levels, outcomes } from "./schema.ts";

export interface VerdictOptions {
  readonly strict?: boolean;
  readonly failOn?: "inconclusive";
}

export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export interface OverallVerdict {
  readonly ok: boolean;
  readonly exitCode: 0 | 1 | 4;
  readonly counts: {
    readonly cases: OutcomeCounts;
    readonly byLevel: Readonly<Record<Level, OutcomeCounts>>;
    readonly campaigns: OutcomeCounts;
    readonly loads: OutcomeCounts;
  };
  /** Cases, campaigns and load profiles that make the run fail, by name. */
  readonly failing: readonly string[];
  readonly inconclusive: readonly string[];
}

export function verdictOf(results: Results, options: VerdictOptions = {}): OverallVerdict {
  const strict = options.strict === true;
  const others = [
    ...results.campaigns.map((each) => ({ name: `crash ${each.campaign}`, outcome: each.outcome })),
    ...results.loads.map((each) => ({ name: `load ${each.profile}`, outcome: each.outcome })),
  ];
  const failing = [
    ...results.cases.filter((each) => failsRun(each, strict)).map((each) => each.name),
    ...others.filter((each) => isFailure(each.outcome)).map((each) => each.name),
  ];
  const inconclusive = [
    ...results.cases.filter((each) => each.outcome === "inconclusive").map((each) => each.name),
    ...others.filter((each) => each.outcome === "inconclusive").map((each) => each.name),
    ...results.loads.filter((each) => each.generatorBound && each.outcome === "pass").map((each) => `load ${each.profile}`),
  ];
  const exitCode = exitCodeOf(failing.length > 0, inconclusive.length > 0 && options.failOn === "inconclusive");
  return { ok: exitCode === 0, exitCode, counts: countsOf(results), failing, inconclusive };
}

/** Whether this case alone makes the run fail. */
export function failsRun(result: Pick<CaseResult, "outcome" | "level">, strict = false): boolean {
  if (result.outcome === "fail") {
    return result.level === "must" || (strict && result.level === "should");
  }
  return isFailure(result.outcome);
}

function isFailure(outcome: Outcome): boolean {
  return outcome === "fail" || outcome === "unexpected-pass" || outcome === "error";
}

function exitCodeOf(failed: boolean, unsettled: boolean): 0 | 1 | 4 {
  if (failed) {
    return 1;
  }
  return unsettled ? 4 : 0;
}

function countsOf(results: Results): OverallVerdict["counts"] {
  const ofLevel = (level: Level): OutcomeCounts => countOutcomes(results.cases.filter((each) => each.level === level));
  const [must, should, may, observed] = levels;
  return {
    cases: countOutcomes(results.cases),
    byLevel: { must: ofLevel(must), should: ofLevel(should), may: ofLevel(may), observed: ofLevel(observed) },
    campaigns: countOutcomes(results.campaigns),
    loads: countOutcomes(results.loads),
  };
}

function countOutcomes(judged: readonly { readonly outcome: Outcome }[]): OutcomeCounts {
  const counts: Record<Outcome, number> = {
    pass: 0,
    fail: 0,
    "expected-fail": 0,
    "unexpected-pass": 0,
    flaky: 0,
    "not-applicable": 0,
    unsupported: 0,
    inconclusive: 0,
    error: 0,
  };
  for (const { outcome } of judged) {
    counts[outcome] += 1;
  }
  return counts;
}

/** Every outcome with how often it occurred, in the order of the schema, without the zeros. */
export function presentOutcomes(counts: OutcomeCounts): { readonly outcome: Outcome; readonly count: number }[] {
  return outcomes.map((outcome) => ({ outcome, count: counts[outcome] })).filter((each) => each.count > 0);
}
