/**
 * `results.json` as text. One text for one outcome: the content hash that reports print is what `sha256sum results.json` prints.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Results, results as resultsSchema } from "./schema.ts";

/** Results that do not fit their schema. `paths` names every place, such as `cases[3].failure.message`. */
export class ResultsError extends Error {
  readonly code = "RESULTS_INVALID";
  override readonly name = "ResultsError";
  readonly paths: readonly string[];

  constructor(message: string, paths: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.paths = paths;
  }
}

export function writeResults(results: Results): string {
  return `${JSON.stringify(validate(results), undefined, 2)}\n`;
}

export function parseResults(text: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ResultsError(`not JSON: ${error instanceof Error ? error.message : String(error)}`, [], { cause: error });
  }
  const version = versionOf(value);
  if (typeof version === "number" && version > 1) {
    throw new ResultsError(`schemaVersion: ${version} is newer than this tool reads (1); a newer streamproof does`, ["schemaVersion"]);
  }
  return validate(value);
}

/** SHA-256 of the text that `writeResults` gives, in hex. */
export function contentHash(results: Results): string {
  return createHash("sha256").update(writeResults(results)).digest("hex");
}

/** JSON Schema (2020-12) of a written file, for readers in other languages. */
export function resultsJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(resultsSchema, { target: "draft-2020-12", io: "output" });
  return { ...schema, title: "streamproof results, version 1" };
}

function validate(value: unknown): Results {
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  const found = parsed.error.issues.map((issue) => ({ path: pathText(issue.path), says: issue.message }));
  const paths = found.map((each) => each.path);
  throw new ResultsError(found.map((each) => `${each.path || "results"}: ${each.says}`).join("\n"), paths);
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") {
      return `${text}[${part}]`;
    }
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function versionOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schemaVersion" in value ? value.schemaVersion : undefined;
}
