/** The checks are judged: none of them cries wolf on a sound history, each rejects what it is there for. */
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checks, judgeHistory } from "../checks/registry.ts";
import { witnessLinesMax } from "../checks/witness.ts";
import { parseHistory } from "../history/history-parser.ts";
import { withGeneratedPart } from "./mutation-table.ts";
import { mutated, mutations } from "./registry.ts";
import { soundHistory } from "./sound-history.ts";
import { withDamage } from "./stream-mutations.ts";

const seed = fc.integer({ min: 1, max: 1_000_000 });

/** Judges only what was damaged. */
const ofDamage = "damage-contained";

test("every check passes on every sound history, with something to judge", () => {
  const ids = Object.keys(checks).filter((id) => id !== ofDamage);
  fc.assert(
    fc.property(seed, fc.integer({ min: 0, max: 300 }), (from, steps) => {
      const { verdicts } = judgeHistory(soundHistory(from, steps), ids);
      expect(Object.entries(verdicts).filter(([, verdict]) => verdict.outcome !== "pass")).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("every check counts what there was to judge", () => {
  const history = soundHistory(1);
  for (const check of Object.values(checks)) {
    expect(check.judge(history).figures[check.subject], check.id).toBeTypeOf("number");
  }
});

test("damage that cost nothing is contained", () => {
  const damaged = withDamage(soundHistory(1));
  expect(damaged && checks[ofDamage]?.judge(damaged).outcome).toBe("pass");
});

test("a sound history is what a file of it holds", () => {
  const { events } = soundHistory(1);
  expect(parseHistory(events.map((event) => JSON.stringify(event))).events).toEqual(events);
});

/** Not every history has a place for every mutation; these have a few for each. */
const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

test.each(mutations)("$id: $says, and $caughtBy rejects it", (mutation) => {
  const histories = seeds.flatMap((from) => mutated(mutation, from) ?? []);
  for (const history of histories) {
    const verdict = checks[mutation.caughtBy]?.judge(history);
    expect(verdict?.outcome).toBe("fail");
    expect(verdict?.witness.length).toBeGreaterThan(0);
    expect(verdict?.witness.length).toBeLessThanOrEqual(witnessLinesMax);
  }
  expect(histories.length).toBeGreaterThan(2);
});

test("every check has a mutation that it is there for", () => {
  const idle = Object.keys(checks).filter((id) => !mutations.some((mutation) => mutation.caughtBy === id));
  expect(idle).toEqual([]);
});

test("docs/checks.md is current: node evidence/mutations/generate.ts", () => {
  const page = readFileSync(new URL("../../docs/checks.md", import.meta.url), "utf8");
  expect(page).toBe(withGeneratedPart(page));
});
