import { expect, test } from "vitest";
import { contentHash } from "../../../evidence/results/results-file.ts";
import type { Results } from "../../../evidence/results/schema.ts";
import { emptyResults, hostileTexts, passingResults, picture, richResults } from "../../sample-results.ts";
import { scanMarkup } from "../../tag-scanner.ts";
import { renderHtml } from "./page.ts";
import { darkPalette, lightPalette, type Palette } from "./style.ts";

const samples: Readonly<Record<string, Results>> = {
  rich: richResults(),
  passing: passingResults(),
  empty: emptyResults(),
  interrupted: { ...richResults(), interrupted: true },
};

test.each(Object.entries(samples))("the %s page is well-formed, holds no script and asks the network for nothing", (_name, results) => {
  const html = renderHtml(results);
  const { tags } = scanMarkup(html, "html");
  const names = new Set(tags.map((tag) => tag.name));
  for (const forbidden of ["script", "img", "iframe", "object", "embed", "link", "form", "base", "foreignObject", "use", "image"]) {
    expect(names.has(forbidden), forbidden).toBe(false);
  }
  const attributes = tags.flatMap((tag) => Object.entries(tag.attributes));
  expect(attributes.filter(([name]) => name.startsWith("on") || name === "src" || name === "style" || name === "xlink:href")).toEqual([]);
  const addresses = attributes.filter(([name]) => name === "href").map(([, value]) => value);
  expect(addresses.filter((address) => !/^(?:#[a-z-]+|https?:\/\/)/.test(address))).toEqual([]);
  expect(html).not.toMatch(/url\((?!#)|@import/);
});

test("every section that the contents name exists, and no id occurs twice", () => {
  const { tags } = scanMarkup(renderHtml(richResults()), "html");
  const ids = tags.map((tag) => tag.attributes["id"]).filter((id) => id !== undefined);
  expect(new Set(ids).size).toBe(ids.length);
  const anchors = tags.map((tag) => tag.attributes["href"]).filter((href) => href?.startsWith("#"));
  expect(anchors.length).toBeGreaterThan(5);
  expect(anchors.filter((href) => !ids.includes(href?.slice(1) ?? ""))).toEqual([]);
  const labels = tags.flatMap((tag) => (tag.attributes["aria-labelledby"] ?? "").split(" ")).filter((id) => id !== "");
  expect(labels.filter((id) => !ids.includes(id))).toEqual([]);
});

test("hostile text stands on the page as text, its control characters made visible", () => {
  const html = renderHtml(richResults());
  const { text } = scanMarkup(html, "html");
  for (const each of [hostileTexts.script, hostileTexts.attribute, hostileTexts.closing, hostileTexts.markdown]) {
    expect(text).toContain(each);
  }
  expect(text).toContain("\\x1b[2J\\x1b]0;owned\\x07PASS");
  expect(text).toContain("abc\\u202egnp.exe");
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test("the banner names verdict, target, version, profile, date, tool and the hash of the results", () => {
  const results = richResults();
  const { text } = scanMarkup(renderHtml(results), "html");
  for (const each of [
    "✕ Failed",
    "nats-server 2.15.2",
    "nats-server@2.15.2",
    "core-2.15",
    "2026-11-24 09:30 UTC",
    "streamproof 0.1.0",
    contentHash(results),
  ]) {
    expect(text).toContain(each);
  }
  expect(scanMarkup(renderHtml(passingResults()), "html").text).toContain("✓ Passed");
  expect(scanMarkup(renderHtml(emptyResults()), "html").text).toContain("– Nothing judged");
});

test("a failure tells requirement with its source, expected, actual, trace with times, log and the command", () => {
  const { tags, text } = scanMarkup(renderHtml(richResults()), "html");
  for (const each of [
    "A message id is remembered for the whole duplicate window, across restarts.",
    "{ seq: 1, duplicate: true }",
    "{ seq: 2 }",
    "+0.0004 s",
    "→ sent",
    "Nats-Msg-Id: m1",
    "Restored 1 messages",
    'npx streamproof certify --target nats-server@2.15.2 "dedup.window/storage:file/resend-after-restart-is-a-duplicate"',
  ]) {
    expect(text).toContain(each);
  }
  expect(tags.some((tag) => tag.name === "a" && tag.attributes["href"]?.startsWith("https://docs.nats.io/") === true)).toBe(true);
  expect(text.indexOf("A message id sent again after a restart")).toBeLessThan(text.indexOf("does not fail the run"));
});

test("every table has a caption and scoped headers, every chart a title and a description", () => {
  const { tags } = scanMarkup(renderHtml(richResults()), "html");
  const count = (name: string): number => tags.filter((tag) => tag.name === name).length;
  expect(count("caption")).toBe(count("table"));
  const headers = tags.filter((tag) => tag.name === "th");
  expect(headers.filter((tag) => !["col", "row"].includes(tag.attributes["scope"] ?? ""))).toEqual([]);
  const charts = tags.filter((tag) => tag.name === "svg");
  expect(charts.length).toBeGreaterThan(5);
  expect(tags.filter((tag) => tag.name === "title" && tag.parents.includes("svg"))).toHaveLength(charts.length);
  expect(count("desc")).toBe(charts.length);
});

test("the policy stands beside every comparison and every figure of a load", () => {
  const html = renderHtml(richResults());
  const performance = html.slice(html.indexOf('id="performance"'), html.indexOf('id="requirements"'));
  const headings = [...performance.matchAll(/<h4>([^<]*)<\/h4>/g)]
    .map((match) => match[1] ?? "")
    .filter((heading) => heading !== "Reproduce");
  expect(headings.length).toBeGreaterThan(2);
  expect(headings.filter((heading) => !heading.includes("shipped defaults: A always, B every 2 minutes"))).toEqual([]);
});

test("a thousand passing cases are folded away, and a thousand failures cut with their number told", () => {
  const { tags } = scanMarkup(renderHtml(passingResults(1000)), "html");
  const rows = tags.filter((tag) => tag.name === "tr" && !tag.parents.includes("details"));
  expect(rows.length).toBeLessThan(20);

  const failing = passingResults(1000).cases.map((each) => ({
    ...each,
    outcome: "fail" as const,
    failure: { message: "no", trace: [], serverLog: [] },
  }));
  const { text } = scanMarkup(renderHtml({ ...passingResults(1000), cases: failing }), "html");
  expect(text).toContain("900 more are listed");
});

test("the picture's words and table say what its drawing shows", () => {
  const results: Results = {
    ...emptyResults(),
    campaigns: richResults()
      .campaigns.slice(0, 1)
      .map((campaign) => ({
        ...campaign,
        pictures: [
          picture({
            runs: [
              [true, 1188],
              [false, 812],
            ],
          }),
        ],
      })),
  };
  const { text } = scanMarkup(renderHtml(results), "html");
  expect(text).toContain("1 to 1,188 kept; 1,189 to 2,000 lost");
  expect(text).toContain("812 of 2,000 acknowledged lost, the end is lost");
});

test.each([
  ["light", lightPalette],
  ["dark", darkPalette],
] as const)("%s text has at least 4.5 : 1 on both grounds, drawings at least 3 : 1", (_name, palette) => {
  const texts = ["ink", "soft", "accent", "good", "bad", "warn", "quiet"];
  const grounds = ["ground", "sheet"];
  const weak = texts
    .flatMap((text) => grounds.map((ground) => [text, ground, contrast(palette, text, ground)] as const))
    .filter(([, , ratio]) => ratio < 4.5);
  expect(weak).toEqual([]);
  const drawn = ["kept", "lost", "side-b"]
    .map((name) => [name, contrast(palette, name, "ground")] as const)
    .filter(([, ratio]) => ratio < 3);
  expect(drawn).toEqual([]);
  expect(contrast(palette, "lost", "lost-ground")).toBeGreaterThan(3);
  expect(contrast(palette, "side-b", "side-b-ground")).toBeGreaterThan(3);
});

/** WCAG 2 contrast of two colours of a palette. */
function contrast(palette: Palette, a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(palette[a] ?? ""), luminance(palette[b] ?? "")].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
