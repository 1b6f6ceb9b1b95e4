import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { failureRate } from "./failure-rate.ts";
import { failsRun, verdictOf } from "./overall-verdict.ts";
import { rollUp, worstOutcome } from "./requirement-rollup.ts";
import { contentHash, parseResults, resultsJsonSchema, writeResults } from "./results-file.ts";
import { ruleOfThree } from "./rule-of-three.ts";
import { type CaseResult, levels, outcomes, type Results } from "./schema.ts";

function caseOf(about: Partial<CaseResult> = {}): CaseResult {
  return {
    name: "suite/case",
    suite: "suite",
    title: "It holds",
    outcome: "pass",
    checks: ["a.rule"],
    level: "must",
    durationMs: 1,
    pictures: [],
    reproduce: "streamproof certify",
    ...about,
  };
}

function resultsOf(about: Partial<Results> = {}): Results {
  return {
    schemaVersion: 1,
    tool: { name: "streamproof", version: "0.1.0" },
    command: "streamproof certify",
    startedAt: "2026-11-24T09:30:00.000Z",
    finishedAt: "2026-11-24T09:31:00.000Z",
    interrupted: false,
    target: { name: "t", key: "t", server: { name: "s", version: "1" }, settings: {}, capabilities: [], missing: {} },
    environment: {},
    cases: [],
    requirements: [],
    campaigns: [],
    loads: [],
    ...about,
  };
}

const campaign: Results["campaigns"][number] = {
  campaign: "power-cut",
  outcome: "pass",
  seed: 1,
  cycles: { planned: 1, done: 1, failed: 0, inconclusive: 0 },
  acknowledged: 1,
  lost: 0,
  undone: 0,
  witness: [],
  pictures: [],
  durationMs: 1,
  reproduce: "r",
};

test("results are read back as they were written, and their hash is that of the text", () => {
  const results = resultsOf({
    cases: [caseOf({ failure: { message: "m", trace: [], serverLog: [] }, outcome: "fail" })],
    campaigns: [campaign],
  });
  expect(parseResults(writeResults(results))).toEqual(results);
  expect(contentHash(results)).toMatch(/^[0-9a-f]{64}$/);
  expect(contentHash(parseResults(writeResults(results)))).toBe(contentHash(results));
});

test("a refusal names the path of every fault", () => {
  const text = writeResults(resultsOf({ cases: [caseOf(), caseOf()] }))
    .replace('"title": "It holds"', '"title": 7')
    .replace('"interrupted": false', '"interrupted": "no", "extra": 1');
  expect(() => parseResults(text)).toThrow(/cases\[0\]\.title: .*string/);
  expect(() => parseResults(text)).toThrow(
    expect.objectContaining({ code: "RESULTS_INVALID", paths: expect.arrayContaining(["interrupted", "cases[0].title"]) }),
  );
  expect(() => parseResults(text)).toThrow(/extra/);
  expect(() => parseResults("{")).toThrow(/not JSON/);
  expect(() => parseResults('{"schemaVersion": 2}')).toThrow(/newer than this tool reads/);
});

test("the JSON Schema accepts what is written and refuses what is not", () => {
  const ajv = new Ajv2020({ strict: false });
  // The package is CommonJS: Node hands its export over bare or under `default`.
  const addFormats: unknown = addFormatsModule;
  const apply = typeof addFormats === "function" ? addFormats : addFormatsModule.default;
  apply(ajv);
  const validate = ajv.compile(resultsJsonSchema());
  const good: unknown = JSON.parse(writeResults(resultsOf({ cases: [caseOf()], campaigns: [campaign] })));
  expect(validate(good), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...resultsOf(), extra: 1 })).toBe(false);
  expect(validate({ ...resultsOf(), startedAt: "yesterday" })).toBe(false);
  expect(validate({ ...resultsOf(), cases: [{ ...caseOf(), outcome: "maybe" }] })).toBe(false);
});

test.each([
  ["must", "fail", false, 1],
  ["should", "fail", false, 0],
  ["should", "fail", true, 1],
  ["may", "fail", true, 0],
  ["observed", "fail", true, 0],
  ["observed", "unexpected-pass", false, 1],
  ["may", "error", false, 1],
  ["must", "expected-fail", true, 0],
  ["must", "inconclusive", true, 0],
  ["must", "flaky", false, 0],
  ["must", "not-applicable", true, 0],
  ["must", "unsupported", true, 0],
] as const)("a %s case with outcome %s, strict %s, ends in %d", (level, outcome, strict, exitCode) => {
  const verdict = verdictOf(resultsOf({ cases: [caseOf({ level, outcome })] }), { strict });
  expect(verdict).toMatchObject({ exitCode, ok: exitCode === 0 });
});

test("inconclusive ends in 4 only when asked, and a failure goes before it", () => {
  const open = resultsOf({ cases: [caseOf({ outcome: "inconclusive" })] });
  expect(verdictOf(open).exitCode).toBe(0);
  expect(verdictOf(open, { failOn: "inconclusive" }).exitCode).toBe(4);
  const both = resultsOf({ cases: [...open.cases, caseOf({ outcome: "fail" })] });
  expect(verdictOf(both, { failOn: "inconclusive" }).exitCode).toBe(1);
});

test("a failing campaign fails the run, and an inconclusive one counts when asked", () => {
  expect(verdictOf(resultsOf({ campaigns: [{ ...campaign, outcome: "fail" }] })).exitCode).toBe(1);
  expect(verdictOf(resultsOf({ campaigns: [{ ...campaign, outcome: "inconclusive" }] }), { failOn: "inconclusive" }).exitCode).toBe(4);
});

test("counts add up to the cases, over outcomes and over levels", () => {
  const anyCase = fc.record({ level: fc.constantFrom(...levels), outcome: fc.constantFrom(...outcomes) }).map(caseOf);
  fc.assert(
    fc.property(fc.array(anyCase, { maxLength: 30 }), fc.boolean(), (cases, strict) => {
      const { counts, ok } = verdictOf(resultsOf({ cases }), { strict });
      const total = Object.values(counts.cases).reduce((sum, count) => sum + count, 0);
      const byLevel = levels.flatMap((level) => Object.values(counts.byLevel[level])).reduce((sum, count) => sum + count, 0);
      expect([total, byLevel]).toEqual([cases.length, cases.length]);
      expect(ok).toBe(!cases.some((each) => failsRun(each, strict)));
    }),
  );
});

test("a requirement takes the worst outcome of its cases, and none without a case", () => {
  const definition = (id: string) => ({ id, says: "s", level: "must", basis: "ADR-1" }) as const;
  const cases = [
    caseOf({ name: "a", checks: ["x", "y"] }),
    caseOf({ name: "b", checks: ["x"], outcome: "fail" }),
    caseOf({ name: "c", checks: ["y", "y"], outcome: "not-applicable" }),
  ];
  expect(rollUp(cases, [definition("x"), definition("y"), definition("z")]).map((each) => [each.id, each.outcome, each.cases])).toEqual([
    ["x", "fail", ["a", "b"]],
    ["y", "pass", ["a", "c"]],
    ["z", "not-applicable", []],
  ]);
});

test("the worst outcome never depends on the order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...outcomes)), (each) => {
      expect(worstOutcome(each)).toBe(worstOutcome(each.toReversed()));
    }),
  );
});

test("the rule of three bounds the rate that clean trials support", () => {
  expect(ruleOfThree(0)).toBeUndefined();
  expect(ruleOfThree(2)).toBe(1);
  expect(ruleOfThree(300)).toBeCloseTo(0.01);
  expect(() => ruleOfThree(-1)).toThrow(RangeError);
});

test("the interval of a rate holds what tables of the binomial distribution give", () => {
  expect(failureRate({ of: "flips", trials: 0, failures: 0 })).toBeUndefined();
  expect(failureRate({ of: "flips", trials: 2000, failures: 0 })).toMatchObject({ low: 0, high: 0.0015 });
  const some = failureRate({ of: "flips", trials: 40, failures: 39 });
  expect(some?.low).toBeCloseTo(0.8684, 4);
  expect(some?.high).toBeCloseTo(0.9994, 4);
  const one = failureRate({ of: "ids", trials: 30, failures: 1 });
  expect(one?.low).toBeCloseTo(0.0008, 4);
  expect(one?.high).toBeCloseTo(0.1722, 4);
  expect(failureRate({ of: "ids", trials: 5, failures: 5 })?.high).toBe(1);
  expect(failureRate({ of: "flips", trials: 100_000, failures: 60_000 })?.low).toBeCloseTo(0.597, 3);
  expect(() => failureRate({ of: "ids", trials: 1, failures: 2 })).toThrow(RangeError);
});
