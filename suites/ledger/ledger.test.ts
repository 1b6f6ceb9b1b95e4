import { expect, test } from "vitest";
import { officialSpec } from "../../targets/official.ts";
import { compareVersions } from "../../targets/versions.ts";
import { type Catalog, loadCatalog } from "../catalog/catalog.ts";
import type { Case } from "../catalog/matrix.ts";
import { temporarySuites } from "../catalog/temporary-suites.ts";
import { currentRun, gaps, ledgerRows, type Recorded, type Row, readRecorded, recordedPath } from "./ledger.ts";
import { readNotShown } from "./not-shown.ts";
import { bugsMarkdown } from "./page.ts";

const catalog = loadCatalog();
const rows = ledgerRows(catalog);

test("each known bug was seen to fail where it was and to pass where it is mended, with the case as it stands", () => {
  const recorded = readRecorded(recordedPath(catalog));
  expect(rows.flatMap((row) => gaps(row, recorded).map((gap) => `${row.each.name}: ${gap}`))).toEqual([]);
});

test("each known bug names where it can be read about, and a version older than the one that mended it", () => {
  const nowhere = rows.filter(({ bug }) => bug.threads.length === 0 && bug.commit === undefined);
  expect(nowhere.map(({ each }) => each.name)).toEqual([]);
  for (const { each, bug } of rows.filter((row) => row.bug.fixed !== "none")) {
    expect(compareVersions(bug.affected, bug.fixed), each.name).toBeLessThan(0);
  }
});

test("what could not be shown says what was tried", () => {
  for (const { threads, tried } of readNotShown(catalog.directory)) {
    expect(tried.length, `#${threads[0]}`).toBeGreaterThan(20);
  }
});

test("a case that changed is not shown by an older run", () => {
  const [row] = rows;
  const run = { version: "1.2.3", fingerprint: "of-older-steps", outcome: "fail", date: "2026-01-01" };
  const recorded: Recorded = { [row?.each.name ?? ""]: { affected: run } };
  expect(row === undefined ? undefined : currentRun(row, "affected", recorded)).toBeUndefined();
  expect(gaps(rowOf("1.2.3", "1.2.4"), { c: { affected: run } })).toContain(`not run on ${officialSpec("1.2.3")} as it stands`);
});

test("a version that passes where it is said to fail leaves a gap", () => {
  const row = rowOf("1.2.3", "1.2.4");
  const run = (outcome: string, version?: string) => ({
    ...(version === undefined ? {} : { version }),
    fingerprint: row.fingerprint,
    outcome,
    date: "2026-01-01",
  });
  const proof = { affected: run("fail", "1.2.3"), fixed: run("pass", "1.2.4"), reference: run("pass") };
  expect(gaps(row, { c: proof })).toEqual([]);
  expect(gaps(row, { c: { ...proof, affected: run("pass", "1.2.3") } })).toEqual([`pass on ${officialSpec("1.2.3")}, fail expected`]);
  expect(gaps(row, { c: { ...proof, fixed: run("inconclusive", "1.2.4") } })).toEqual([
    `inconclusive on ${officialSpec("1.2.4")}, pass expected`,
  ]);
});

test("a bug is open only where the pinned version shows it", () => {
  expect(gaps(rowOf("1.2.3", "none"), {})).toContain("an open bug is shown on the newest version");
});

test("a reordered place in the file changes no fingerprint, another expectation does", () => {
  const suites = (before: string, messages: number) => {
    using made = temporarySuites({
      "cases/t/a.yaml": `${before}suite: t.a
about: For tests.
cases:
  - id: one-thing-holds
    checks: [t.one, t.two]
    bug: { threads: [1], affected: 1.2.3, fixed: 1.2.4 }
    steps: [{ stream-info: { stream: S }, expect: { state: { messages: ${messages} } } }]
`,
    });
    return ledgerRows(made.load())[0]?.fingerprint;
  };
  expect(suites("", 1)).toBe(suites("# A line more.\n", 1));
  expect(suites("", 1)).not.toBe(suites("", 2));
});

test("suites without a ledger have no page", () => {
  expect(bugsMarkdown({ ...catalog, directory: "/nowhere" } satisfies Catalog)).toBeUndefined();
});

function rowOf(affected: string, fixed: string): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the name counts here
  const each = { name: "c" } as Case;
  return { each, bug: { threads: [1], affected, fixed }, fingerprint: "f" };
}
