/** The list is true to the source, the page to the list, and a few mutants are caught each time. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { matchesPattern } from "../../suites/catalog/pattern.ts";
import { listCases, loadCatalog } from "../../suites/index.ts";
import { disposeAll } from "../../targets/live.ts";
import { documentPath, rowHead } from "./document.ts";
import { root } from "./mutant.ts";
import { mutants } from "./mutants.ts";
import { occurrences } from "./replacement.ts";
import { sampleOf } from "./sample.ts";
import { tryOn } from "./trial.ts";

afterAll(() => disposeAll());

const catalog = loadCatalog();
const cases = listCases(catalog);

test("each mistake replaces a text that its file holds exactly once", () => {
  const wrong = mutants.flatMap(({ id, replace }) =>
    replace
      .filter(({ file, find }) => occurrences(readFileSync(`${root}${file}`, "utf8"), find) !== 1)
      .map(({ file, find }) => `${id}: ${file}: ${find}`),
  );
  expect(wrong).toEqual([]);
});

test("each mistake is one", () => {
  const same = mutants.filter(({ replace }) => replace.some(({ find, mistake }) => find === mistake));
  expect(same).toEqual([]);
});

test("at least 40 mutants, each with a name of its own", () => {
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(40);
});

test("each catcher is a case or a campaign that exists", () => {
  const missing = mutants.filter(({ caughtBy }) => {
    if ("case" in caughtBy) {
      return !cases.some(({ name }) => matchesPattern(name, caughtBy.case));
    }
    return "campaign" in caughtBy && !catalog.campaigns.has(caughtBy.campaign);
  });
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test("docs/mutations.md names all mutants and what catches them (else: npm run mutants -- --write)", () => {
  const rows = readFileSync(documentPath, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.map((line) => mutants.find((mutant) => line.startsWith(rowHead(mutant)))?.id)).toEqual(mutants.map(({ id }) => id));
});

test("a sample is the same for the same seed, and another for another", () => {
  expect(sampleOf(mutants, 5, 7)).toEqual(sampleOf(mutants, 5, 7));
  expect(sampleOf(mutants, 5, 7)).not.toEqual(sampleOf(mutants, 5, 8));
});

/** Those that take seconds: their case needs neither the power to fail nor much time. */
const quick = mutants.filter(({ caughtBy }) => {
  const found = cases.filter(({ name }) => "case" in caughtBy && matchesPattern(name, caughtBy.case));
  return found.length > 0 && found.every(({ needs }) => needs.length === 0);
});

describe.each(sampleOf(quick, 4, Number(process.env["STREAMPROOF_SEED"] ?? 1)))("$id", (mutant) => {
  test(`is caught: ${mutant.about}`, { timeout: 120_000 }, async () => {
    const trial = await tryOn(mutant.id, mutant.caughtBy);
    expect(trial.outcome, trial.says).toBe("caught");
  });
});
