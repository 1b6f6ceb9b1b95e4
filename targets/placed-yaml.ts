/**
 * Reads a YAML file against a schema and says, for everything wrong in it, where it stands, what was found and what would be right:
 * `file:line:col  message`, one a line. Nothing is half accepted: one problem refuses the file.
 */
import { readFileSync } from "node:fs";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { failureText } from "./failure-text.ts";
import { nearest } from "./nearest.ts";
import { TargetError } from "./target.ts";

export interface PlacedYaml<T> {
  readonly value: T;
  /** `file:line` of the value at this path, for messages about it later. */
  placeOf(path: readonly PropertyKey[]): string;
  /** Refuses the file for a reason the schema can't see. */
  refuse(path: readonly PropertyKey[], says: string): never;
}

type Issue = z.core.$ZodIssue;

export function readPlacedYaml<T>(file: string, schema: z.ZodType<T>): PlacedYaml<T> {
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (document.errors.length > 0) {
    throw invalid(document.errors.map((each) => `${at(each.pos[0])}  ${syntaxMessage(each)}`));
  }
  const parsed = schema.safeParse(document.toJS());
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.flatMap((issue) => placedIssues(document, issue).map(({ offset, says }) => `${at(offset)}  ${says}`)),
    );
  }
  return {
    value: parsed.data,
    placeOf: (path) => at(valueOffset(document, path)).replace(/:\d+$/, ""),
    refuse: (path, says) => {
      throw invalid([`${at(valueOffset(document, path))}  ${says}`]);
    },
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TargetError("TARGET_FILE_INVALID", `${file} can't be read: ${failureText(cause)}`, { cause });
  }
}

function invalid(messages: readonly string[]): TargetError {
  return new TargetError("TARGET_FILE_INVALID", [...new Set(messages)].join("\n"));
}

function syntaxMessage(error: { code: string; message: string }): string {
  if (error.code === "DUPLICATE_KEY") {
    return "this key stands twice in the same map; keep one";
  }
  // The library appends its own place and a picture of the line.
  return error.message.replace(/ at line \d+, column \d+:[\s\S]*$/, "");
}

interface Placed {
  readonly offset: number | undefined;
  readonly says: string;
}

function placedIssues(document: Document, issue: Issue): Placed[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      offset: keyOffset(document, issue.path, key),
      says: `unknown key "${key}"${didYouMean(key, issue)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ offset: valueOffset(document, issue.path), says: issue.issues[0]?.message ?? issue.message }];
  }
  const found = document.getIn(issue.path);
  const key = issue.path.at(-1);
  if (issue.code === "invalid_type" && found === undefined) {
    return [{ offset: valueOffset(document, issue.path.slice(0, -1)), says: `the key "${String(key)}" is missing (${issue.expected})` }];
  }
  return [{ offset: valueOffset(document, issue.path), says: `${describePath(issue.path)}: found ${describe(found)}; ${issue.message}` }];
}

/** Zod does not say which keys would have been right; the schemas put them into the message after a bar. */
function didYouMean(key: string, issue: Issue): string {
  const known = issue.message.split("|")[1]?.split(",") ?? [];
  if (known.length === 0) {
    return "";
  }
  const near = nearest(key, known);
  return near === undefined ? `; known here: ${known.join(", ")}` : `; did you mean "${near}"?`;
}

function describePath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "the file" : `"${path.map(String).join(".")}"`;
}

function describe(found: unknown): string {
  if (found === null) {
    return "nothing";
  }
  if (typeof found === "object") {
    return isMap(found) ? "a map" : "a list";
  }
  return `the ${typeof found} ${JSON.stringify(found)}`;
}

function valueOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      return node.range[0];
    }
  }
  return undefined;
}

function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number | undefined {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return isNode(pair?.key) ? pair.key.range?.[0] : valueOffset(document, path);
}
