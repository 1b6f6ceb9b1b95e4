import { expect, test } from "vitest";
import { emptyResults, hostileTexts, passingResults, richResults } from "../sample-results.ts";
import { scanMarkup } from "../tag-scanner.ts";
import { renderJunit } from "./junit.ts";

function casesIn(xml: string) {
  return scanMarkup(xml, "xml").tags.filter((tag) => tag.name === "testcase");
}

test("every case, campaign and load is one test case under its group, by its stable id", () => {
  const results = richResults();
  const cases = casesIn(renderJunit(results));
  expect(cases).toHaveLength(results.cases.length + results.campaigns.length + results.loads.length);
  expect(cases.map((each) => each.attributes["name"])).toContain("dedup.window/storage:file/resend-after-restart-is-a-duplicate");
  expect(cases.find((each) => each.attributes["name"]?.startsWith("dedup.window/"))?.attributes["classname"]).toBe("dedup.window");
  expect(cases.map((each) => each.attributes["classname"])).toContain("crash");
});

test("the counts agree with what is inside", () => {
  const { tags } = scanMarkup(renderJunit(richResults()), "xml");
  const [root] = tags;
  const count = (name: string): string => String(tags.filter((tag) => tag.name === name).length);
  expect(root?.attributes).toMatchObject({
    tests: count("testcase"),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
  });
});

test("level, outcome and requirement are properties of the case", () => {
  const { tags } = scanMarkup(renderJunit(passingResults(4)), "xml");
  const properties = tags.filter((tag) => tag.name === "property" && tag.parents.includes("testcase"));
  expect(properties.filter((tag) => tag.attributes["name"] === "level").map((tag) => tag.attributes["value"])).toEqual([
    "must",
    "must",
    "must",
    "must",
  ]);
  expect(properties.some((tag) => tag.attributes["name"] === "requirement")).toBe(true);
});

test("a failure's text repeats case, level, expected, actual, trace and command", () => {
  const { text } = scanMarkup(renderJunit(richResults()), "xml");
  for (const each of [
    "level: must",
    "expected: { seq: 1, duplicate: true }",
    "actual: { seq: 2 }",
    "+0.0004 s sent main: HPUB s.a",
    "reproduce: npx streamproof certify",
  ]) {
    expect(text).toContain(each);
  }
});

test("what does not fail the run is skipped with its reason, and fails when strict", () => {
  const results = { ...richResults(), campaigns: [], loads: [] };
  const failures = (xml: string): number => scanMarkup(xml, "xml").tags.filter((tag) => tag.name === "failure").length;
  expect(failures(renderJunit(results))).toBe(3);
  expect(failures(renderJunit(results, { strict: true }))).toBe(4);
  expect(scanMarkup(renderJunit(results), "xml").text).toContain("syncs every two minutes by default");
});

test("hostile text stays text in attributes and in CDATA, and no character is illegal in XML", () => {
  const xml = renderJunit(richResults());
  const names = casesIn(xml).map((each) => each.attributes["name"]);
  expect(names).toContain(`limits.subjects/storage:memory/${hostileTexts.script}`);
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
});

test("an empty run is a report without a test", () => {
  expect(casesIn(renderJunit(emptyResults()))).toEqual([]);
});
