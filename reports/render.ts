/** All reports of a run from its results alone: pure, so that any of them can be made again later from `results.json`. */
import type { VerdictOptions } from "../evidence/results/overall-verdict.ts";
import type { Results } from "../evidence/results/schema.ts";
import { renderHtml } from "./formats/html/page.ts";
import { renderJson } from "./formats/json.ts";
import { renderJunit } from "./formats/junit.ts";
import { renderSummary } from "./formats/summary-md.ts";

export { type ConsoleOptions, type ConsolePalette, renderConsole } from "./formats/console.ts";
export { renderHtml, renderJson, renderJunit, renderSummary };

/** File name to content, for the folder that `--out` names. */
export interface RenderedReports {
  readonly "results.json": string;
  readonly "junit.xml": string;
  readonly "summary.md": string;
  readonly "report.html": string;
}

export function renderAll(results: Results, options: VerdictOptions = {}): RenderedReports {
  return {
    "results.json": renderJson(results),
    "junit.xml": renderJunit(results, options),
    "summary.md": renderSummary(results, options),
    "report.html": renderHtml(results, options),
  };
}
