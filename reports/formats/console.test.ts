import { expect, test } from "vitest";
import { emptyResults, passingResults, richResults } from "../sample-results.ts";
import { renderConsole } from "./console.ts";

const lines = (text: string): string[] => text.trimEnd().split("\n");

test("failures come first, the verdict is the last line", () => {
  const text = lines(renderConsole(richResults()));
  expect(text[0]).toBe("✕ failed  dedup.window/storage:file/resend-after-restart-is-a-duplicate  (must)");
  expect(text.at(-1)).toBe("✕ Failed  nats-server 2.15.2  4 failures");
});

test("a failure tells what was expected, the wire trace with times and how to see it again", () => {
  const text = renderConsole(richResults());
  expect(text).toContain("  expected   { seq: 1, duplicate: true }");
  expect(text).toContain("    +0.0004 s → main  HPUB s.a _INBOX.7f.1 34 37 ⏎ NATS/1.0 ⏎ Nats-Msg-Id: m1 ⏎ one");
  expect(text).toContain("  reproduce  npx streamproof certify --target nats-server@2.15.2");
});

test("no text of a server moves the cursor or passes for a line of ours", () => {
  const results = richResults();
  const [first] = results.cases.filter((each) => each.failure !== undefined);
  const forged = {
    ...results,
    cases: results.cases.map((each) =>
      each === first && each.failure ? { ...each, failure: { ...each.failure, message: "no\n✓ Passed  nats-server\r\u001b[1A" } } : each,
    ),
  };
  const text = renderConsole(forged);
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(lines(text).filter((line) => line.startsWith("✓ Passed"))).toEqual([]);
});

test("colours are the palette's, and plain text has none", () => {
  const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
  const palette = { good: mark("good"), bad: mark("bad"), warn: mark("warn"), quiet: mark("quiet"), strong: mark("strong") };
  expect(renderConsole(passingResults(3), { palette })).toContain("<good>✓ Passed</good>");
  expect(lines(renderConsole(passingResults(3)))).toEqual([
    "All 3 requirements that must hold of profile core-2.15 hold.",
    "3 cases passed.",
    "✓ Passed  streamproof reference 2.15.2",
  ]);
});

test("of many failures the first are told in full, the rest by name", () => {
  const failing = passingResults(30).cases.map((each) => ({ ...each, outcome: "fail" as const }));
  const text = renderConsole({ ...emptyResults(), cases: failing }, { failuresMax: 2 });
  expect(lines(text).filter((line) => line.includes("reproduce"))).toHaveLength(2);
  expect(lines(text).filter((line) => line.startsWith("  ✕ "))).toHaveLength(28);
});

test("a campaign tells losses, what was undone, the witness and the command", () => {
  const text = renderConsole(richResults());
  for (const each of [
    "✕ crash power-cut, 3 cycles: 3,232 of 5,800",
    "Cycle 2: 812 of 2,000 lost (suffix)",
    "undone: stream ORDERS does not exist",
    "--cycles 3 --seed 42",
  ]) {
    expect(text).toContain(each);
  }
});
