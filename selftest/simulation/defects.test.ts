/** The simulation is judged: each defect is found within a few seeds, and none of them is an accident of the reference. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defectOperations, defectRuns, defects, root } from "./defects.ts";

const here = `${root}selftest/simulation/`;

test("each defect replaces a text that its file holds exactly once", () => {
  const found = defects.map(({ file, find }) => readFileSync(`${root}${file}`, "utf8").split(find).length - 1);
  expect(found).toEqual(defects.map(() => 1));
});

describe.each(defects)("$id", ({ id, about, seed = 1 }) => {
  test(`is found: ${about}`, { timeout: 60_000 }, () => {
    const options = [
      "--seed",
      String(seed),
      "--runs",
      String(defectRuns),
      "--operations",
      String(defectOperations),
      "--budget",
      "50s",
      "--no-shrink",
    ];
    const child = spawnSync(process.execPath, ["--import", `${here}defect-register.ts`, `${here}main.ts`, ...options, "--json"], {
      env: { ...process.env, STREAMPROOF_DEFECT: id },
      encoding: "utf8",
    });
    const result: { failure?: { says: string } } = JSON.parse(child.stdout);
    // Found by what the server holds, says or delivers, not because it fell over.
    expect(result.failure?.says).toMatch(/^(?:the server holds|the server does not start again|id id-|consumer |answered )/);
    expect(child.status).toBe(1);
  });
});
