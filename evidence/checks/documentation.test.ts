import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checks } from "./registry.ts";

test("the table of checks in docs/reports.md is the registry's", () => {
  const text = readFileSync(new URL("../../docs/reports.md", import.meta.url), "utf8");
  const table = /<!-- checks:begin -->\n([\s\S]*?)<!-- checks:end -->/.exec(text)?.[1];
  const rows = Object.values(checks).map((check) => `| \`${check.id}\` | ${check.says} |\n`);
  expect(table).toBe(`| check | holds when |\n|---|---|\n${rows.join("")}`);
});
