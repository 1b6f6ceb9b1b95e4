import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runConformance } from "../../api/conformance.ts";
import type { CaseResult } from "../../evidence/results/schema.ts";
import { matchesPattern } from "../../suites/catalog/pattern.ts";
import { listCases, loadCatalog } from "../../suites/index.ts";
import { disposeAll } from "../../targets/live.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import { liars, root } from "./liars.ts";

const targetFile = `${root}selftest/liars/liar.yaml`;
/** A liar that fails more than one in ten cases is a broken server, and finding it proves nothing. */
const passedShareMin = 0.9;

afterAll(() => disposeAll());

test("each lie replaces a text that its file holds exactly once", () => {
  const found = liars.flatMap(({ replace }) =>
    replace.map(({ file, find }) => readFileSync(`${root}${file}`, "utf8").split(find).length - 1),
  );
  expect(found).toEqual(liars.flatMap(({ replace }) => replace.map(() => 1)));
});

let canCut = false;
beforeAll(async () => {
  const target = await resolveTarget("embedded");
  canCut = (await target.capabilities()).has.has("power-cut");
});

describe.each(liars)("$id", ({ id, about, caughtBy, needs }) => {
  test(`is caught: ${about}`, { timeout: 300_000 }, async ({ skip }) => {
    if (needs === "power-cut" && !canCut) {
      skip("this machine can't power-cut a server; `streamproof doctor` says why");
    }
    const { cases } = await runConformance({ target: "liar", targetFile, set: { liar: id }, patterns: casesFor(needs) });
    const judged = cases.filter((each) => each.outcome !== "not-applicable");
    const caught = judged.filter((each) => each.outcome === "fail");
    expect(names(caught).filter((name) => matchesPattern(name, caughtBy))).not.toEqual([]);
    expect((judged.length - caught.length) / judged.length, `too many failures: ${names(caught).join(", ")}`).toBeGreaterThanOrEqual(
      passedShareMin,
    );
    expect(names(judged.filter((each) => each.outcome === "error"))).toEqual([]);
  });
});

/** Power cuts take most of a run's time; a liar that no power cut is needed for is judged by all other cases. */
function casesFor(needs: "power-cut" | undefined): string[] {
  const all = listCases(loadCatalog());
  return all.filter((each) => needs === "power-cut" || !each.needs.includes("power-cut")).map((each) => each.name);
}

function names(cases: readonly CaseResult[]): string[] {
  return cases.map((each) => each.name);
}
