import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Results } from "../../evidence/results/schema.ts";
import { emptyResults, hostileTexts, passingResults, richResults } from "../sample-results.ts";
import { codeFence, codeSpan, plainText } from "./markdown-text.ts";
import { renderSummary, summaryBytesMax } from "./summary-md.ts";

function manyFailures(count: number): Results {
  const results = passingResults(count);
  const text = "é".repeat(1000);
  const failure = {
    message: text,
    expected: text,
    actual: text,
    trace: [{ atMs: 1, direction: "sent" as const, connection: "c", text }],
    serverLog: [],
  };
  return {
    ...results,
    campaigns: richResults().campaigns,
    cases: results.cases.map((each) => ({ ...each, outcome: "fail" as const, failure })),
  };
}

test("two thousand long failures stay below the budget, and what is left out is counted", () => {
  const summary = renderSummary(manyFailures(2000));
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(summaryBytesMax);
  expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024);
  const told = summary.match(/<details>/g)?.length ?? 0;
  expect(told).toBeGreaterThan(50);
  expect(summary).toContain(`_${(2000 - told).toLocaleString("en")} more failures left out`);
  expect(summary).toContain("### Durability");
});

test("any budget that holds the verdict is kept", () => {
  fc.assert(
    fc.property(fc.integer({ min: 6000, max: 200_000 }), (bytesMax) => {
      expect(Buffer.byteLength(renderSummary(manyFailures(40), { bytesMax }))).toBeLessThanOrEqual(bytesMax);
    }),
    { numRuns: 15 },
  );
});

test("verdict first, then the counts, then failures, then durability and performance", () => {
  const summary = renderSummary(richResults());
  const places = [
    "## ✕ Failed: nats-server 2.15.2",
    "| level |",
    "### 4 failures",
    "### Durability",
    "### Performance",
    "### Known failing",
    "sha256",
  ].map((each) => summary.indexOf(each));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test("hostile text starts no tag, link, mention, heading or table cell outside code", () => {
  const summary = renderSummary(richResults());
  const outside = summary.replaceAll(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "").replaceAll(/(`+) ?[^\n]*?[^`]\1(?!`)/g, "");
  expect(outside).not.toMatch(/<(?!\/?(?:details|summary|b)>)/);
  expect(outside).not.toMatch(/@everyone|\]\(|#1\b/);
  expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
  expect(summary).not.toContain("\u001b");
});

test("a code span and a fence hold any text, backticks included", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("`", "a", " ", "|", "\n", "<", "~") }), (text) => {
      const fence = codeFence(text);
      const ticks = /^`+/.exec(fence)?.[0] ?? "";
      expect(text.includes(ticks)).toBe(false);
      const span = codeSpan(text);
      expect(span).not.toContain("\n");
      expect(span).not.toMatch(/(?<!\\)\|/);
      expect(plainText(text)).not.toMatch(/[`|<\n]/);
    }),
  );
});

test("an empty run says so", () => {
  expect(renderSummary(emptyResults())).toContain("Nothing judged");
  expect(renderSummary({ ...emptyResults(), profile: hostileTexts.markdown })).toContain("sha256");
});
