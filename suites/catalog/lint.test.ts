import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checks } from "../../evidence/checks/registry.ts";
import { builtInTargetFiles } from "../../targets/target-file.ts";
import { loadCatalog, suitesDirectory } from "./catalog.ts";
import { generatedFiles } from "./generated.ts";
import { lintCatalog } from "./lint.ts";
import { describe } from "./problem.ts";
import { temporarySuites } from "./temporary-suites.ts";

test("our own suites keep every promise they make about themselves", () => {
  expect(lintCatalog(loadCatalog()).map(describe)).toEqual([]);
});

test("our own suites have the breadth they are said to have", () => {
  const { cases, requirements } = loadCatalog();
  const must = [...requirements.values()].filter((each) => each.level === "must");
  expect(new Set(cases.map((each) => `${each.suite}/${each.id}`)).size).toBeGreaterThanOrEqual(60);
  expect(requirements.size).toBeGreaterThanOrEqual(40);
  expect(must.length).toBeGreaterThanOrEqual(30);
});

test("every check that a case or a campaign names exists", () => {
  const { cases, campaigns } = loadCatalog();
  const named = new Set([...cases.flatMap((each) => each.verify), ...[...campaigns.values()].flatMap((each) => each.checks)]);
  expect([...named].filter((id) => checks[id] === undefined)).toEqual([]);
});

test("generated files are current; node suites/generate.ts makes them so", () => {
  for (const [path, text] of generatedFiles(loadCatalog())) {
    const found = readFileSync(path, "utf8");
    // The formatter may lay JSON out in its own way.
    const isCurrent = path.endsWith(".json") ? JSON.stringify(JSON.parse(found)) === JSON.stringify(JSON.parse(text)) : found === text;
    expect(isCurrent, path).toBe(true);
  }
});

test("no target's name occurs in the suites", () => {
  // `bin` is a word of its own and no product.
  const names = [...builtInTargetFiles().keys()].filter((each) => each !== "bin");
  expect(names.length).toBeGreaterThanOrEqual(2);
  const files = readdirSync(suitesDirectory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const found = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => names.some((each) => readFileSync(path, "utf8").includes(each)));
  expect(found).toEqual([]);
});

function problemsOf(files: Record<string, string>): string {
  using suites = temporarySuites(files);
  return lintCatalog(suites.load())
    .map(({ message }) => message)
    .join("\n");
}

test("forged suites: each broken promise is found", () => {
  const requirement = (id: string, rest: string): string => `area: t\nabout: x\nrequirements:\n  - { id: ${id}, ${rest} }\n`;
  const must = 'level: must, basis: { document: D, section: S, url: "https://example.com/" }, since: "2.2", feature: 1';
  const observed = 'basis: { observed: pinned server 2.15.2 }, since: "2.2", feature: 1';
  expect(problemsOf({})).toBe("");
  expect(problemsOf({ "requirements/u.yaml": requirement("u.lonely", `says: It holds., ${must}`) })).toContain('"u.lonely" has no case');
  expect(problemsOf({ "requirements/u.yaml": requirement("u.old", `says: It holds., ${must}, retired: replaced`) })).toBe("");
  expect(problemsOf({ "requirements/u.yaml": requirement("u.loud", `says: It holds., level: must, ${observed}`) })).toContain(
    "a must without a document",
  );
  expect(problemsOf({ "requirements/u.yaml": requirement("u.modal", `says: It should hold., ${must}`) })).toContain("states the fact");
  expect(
    problemsOf({ "requirements/u.yaml": requirement("u.row", `says: It holds., ${must.replace("feature: 1", "feature: 9")}`) }),
  ).toContain("feature row 9");
  expect(
    problemsOf({
      "features.yaml": "features: [{ row: 1, feature: F, area: A, scope: later }, { row: 2, feature: G, area: A, scope: in }]",
    }),
  ).toMatch(/its scope is in\n.*"G" is in scope and has no requirement/);
  expect(problemsOf({ "profiles/p.yaml": "profile: p\nabout: x\ninclude: [x.*]" })).toContain('pattern "x.*" matches no requirement');
  expect(
    problemsOf({ "cases/t/b.yaml": "suite: t.b\nabout: x\ncases:\n  - { id: it-should-hold, checks: [t.one], steps: [{ restart: }] }" }),
  ).toContain("a title states the fact");
  const unsorted = `area: t\nabout: x\nrequirements:\n  - { id: u.b, says: A., ${must}, retired: x }\n  - { id: u.a, says: A., ${must}, retired: x }\n`;
  expect(problemsOf({ "requirements/u.yaml": unsorted })).toContain('"u.a" stands after "u.b"');
});
