import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runConformance } from "../../api/conformance.ts";
import type { CaseResult } from "../../evidence/results/schema.ts";
import { matchesPattern } from "../../suites/catalog/pattern.ts";
import { listCases, loadCatalog } from "../../suites/index.ts";
import { disposeAll } from "../../targets/live.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import { root } from "../mutants/mutant.ts";
import { liars } from "./liars.ts";

const targetFile = `${root}selftest/mutants/mutant.yaml`;
/** A liar that fails more than one in ten cases is a broken server, and finding it proves nothing. */
const passedShareMin = 0.9;

const all = listCases(loadCatalog());

afterAll(() => disposeAll());

test("all liars are mutants that a case catches", () => {
  expect(liars).toHaveLength(7);
});

let canCut = false;
beforeAll(async () => {
  const target = await resolveTarget("embedded");
  canCut = (await target.capabilities()).has.has("power-cut");
});

describe.each(liars)("$id", ({ id, about, caughtBy }) => {
  test(`is caught: ${about}`, { timeout: 300_000 }, async ({ skip }) => {
    if (needsPowerCut(caughtBy) && !canCut) {
      skip("this machine can't power-cut a server; `streamproof doctor` says why");
    }
    const { cases } = await runConformance({ target: "mutant", targetFile, set: { mutant: id }, patterns: casesFor(caughtBy) });
    const judged = cases.filter((each) => each.outcome !== "not-applicable");
    const caught = judged.filter((each) => each.outcome === "fail");
    expect(names(caught).filter((name) => matchesPattern(name, caughtBy))).not.toEqual([]);
    expect((judged.length - caught.length) / judged.length, `too many failures: ${names(caught).join(", ")}`).toBeGreaterThanOrEqual(
      passedShareMin,
    );
    expect(names(judged.filter((each) => each.outcome === "error"))).toEqual([]);
  });
});

/** What catches it, and all cases that hurt no server: those with faults start one each, which takes most of a run's time. */
function casesFor(caughtBy: string): string[] {
  return all.filter(({ name, needs }) => needs.length === 0 || matchesPattern(name, caughtBy)).map(({ name }) => name);
}

function needsPowerCut(pattern: string): boolean {
  return all.some(({ name, needs }) => matchesPattern(name, pattern) && needs.includes("power-cut"));
}

function names(cases: readonly CaseResult[]): string[] {
  return cases.map((each) => each.name);
}
