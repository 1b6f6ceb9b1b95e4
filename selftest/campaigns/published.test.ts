import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeReports } from "../../api/output.ts";
import { frameResults } from "../../api/results-frame.ts";
import type { CampaignResult, Results } from "../../evidence/results/schema.ts";
import { loadCatalog } from "../../suites/index.ts";
import { gates, isSimulation } from "./gates.ts";
import { referenceKey, referenceSource, standingLine, standings } from "./published.ts";

const campaign: CampaignResult = {
  campaign: "kill9",
  outcome: "pass",
  seed: 1,
  cycles: { planned: 9, done: 9, failed: 0, inconclusive: 0 },
  acknowledged: 100,
  lost: 0,
  undone: 0,
  witness: [],
  pictures: [],
  durationMs: 1,
  reproduce: "npx streamproof crash kill9",
};

function resultsOf(environment: Record<string, string>): Results {
  const frame = frameResults(
    {
      command: "a test",
      startedAt: new Date(0),
      target: { name: "embedded", key: "embedded" },
      server: { name: "streamproof", version: "2.15.2" },
      settings: {},
      capabilities: { has: new Set(), missing: new Map() },
      interrupted: false,
    },
    { campaigns: [campaign] },
  );
  return { ...frame, environment };
}

test("every gate names a campaign that there is, and a folder of its own", () => {
  const { campaigns } = loadCatalog();
  const unknown = gates.filter((gate) => !isSimulation(gate) && !campaigns.has(gate.campaign));
  expect(unknown).toEqual([]);
  expect(new Set(gates.map(({ name }) => name)).size).toBe(gates.length);
});

test("evidence of another reference is stale, evidence of an official server stays", () => {
  const folder = mkdtempSync(join(tmpdir(), "published-"));
  try {
    writeReports(resultsOf({ [referenceKey]: "old" }), join(folder, "kill9"));
    writeReports(resultsOf({}), join(folder, "kill9-2.15.2-default"));
    const stateOf = (tree: string, name: string): string | undefined =>
      standings(tree, folder).find(({ gate }) => gate.name === name)?.state;
    expect([stateOf("new", "kill9"), stateOf("old", "kill9")]).toEqual(["stale", "current"]);
    expect(stateOf("new", "kill9-2.15.2-default")).toBe("current");
    expect(stateOf("new", "dedup")).toBe("missing");
    const line = standings("new", folder).filter(({ gate }) => gate.name === "kill9");
    expect(line.map(standingLine)).toEqual(["kill9: stale (pass, 9 cycles, 0 failed, 0 of 100 lost; old)"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is published names a tree of the reference that this repository has", () => {
  const { tree } = referenceSource();
  expect(tree).toMatch(/^[0-9a-f]{40}$/);
  const unnamed = standings(tree).filter(
    ({ state, results }) => state === "stale" && !/^[0-9a-f]{40}$/.test(results?.environment[referenceKey] ?? ""),
  );
  expect(unnamed).toEqual([]);
});
