/** Writes the files of a run into a folder, and reads results back. A file appears whole or not at all. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { VerdictOptions } from "../evidence/results/overall-verdict.ts";
import { parseResults } from "../evidence/results/results-file.ts";
import type { Results } from "../evidence/results/schema.ts";
import { renderAll } from "../reports/render.ts";

/** Returns the paths written, in the order of their names. */
export function writeReports(results: Results, directory: string, options: VerdictOptions = {}): string[] {
  mkdirSync(directory, { recursive: true });
  return Object.entries(renderAll(results, options)).map(([name, text]) => {
    const path = join(directory, name);
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
    return path;
  });
}

/** Throws `ResultsError` naming the place when the file is not a results file of this version. */
export function readResults(path: string): Results {
  return parseResults(readFileSync(path, "utf8"));
}
