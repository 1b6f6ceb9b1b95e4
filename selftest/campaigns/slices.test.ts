/** A short, seeded slice of every campaign on the reference: what runs at each change. The whole is `npm run campaign:night`. */
import { expect, test } from "vitest";
import { runCrash } from "../../api/index.ts";
import { loadCatalog } from "../../suites/index.ts";

const slices: readonly (readonly [campaign: string, cycles: number])[] = [
  ["bit-flip", 2],
  ["bit-flip-exhaustive", 4],
  ["bit-flip-tail", 2],
  ["clock", 2],
  ["dedup", 1],
  ["disk-full", 1],
  ["io-error", 6],
  ["kill9", 5],
  ["kill9-publish", 2],
  ["memory", 1],
  ["pause", 1],
  ["power-cut", 5],
  ["power-cut-fuse", 5],
  ["power-cut-publish", 3],
  ["slow-disk", 1],
  ["sync-order", 10],
  ["truncate", 6],
];

/** Run for hours or not at all, and why. */
const left: Readonly<Record<string, string>> = {
  soak: "the faults of the others in turn",
};

test("every campaign has a slice, or a reason to have none", () => {
  expect([...slices.map(([campaign]) => campaign), ...Object.keys(left)].sort()).toEqual([...loadCatalog().campaigns.keys()].sort());
});

test.each(slices)("the reference keeps what it acknowledged in %s", { timeout: 300_000 }, async (campaign, cycles) => {
  const { campaigns } = await runCrash({ campaign, cycles, seed: 1 });
  const [result] = campaigns;
  // A machine without the rights says so; that it can't show it is no failure of the server.
  const reached =
    result?.outcome === "not-applicable"
      ? result.reason
      : { outcome: result?.outcome, reason: result?.reason, cycles: result?.cycles.done };
  expect(reached).toEqual(typeof reached === "string" ? expect.stringContaining("needs ") : { outcome: "pass", cycles });
});
