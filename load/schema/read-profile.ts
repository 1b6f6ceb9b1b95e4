/** Reads one profile file. Everything wrong is told at once, each with file, line and column, what was found and what would be right. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { LoadError } from "../load-error.ts";
import { nearest } from "./nearest.ts";
import { type LoadProfile, profileFile } from "./profile.ts";

export function parseProfile(text: string, file: string): LoadProfile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `${placeAt(error.pos[0])}  ${firstLine(error.message)}`);
    throw new LoadError("LOAD_PROFILE_INVALID", problems.join("\n"));
  }
  const parsed = profileFile.safeParse(document.toJS());
  if (parsed.success) {
    return checked(parsed.data, `${file}:1:1`);
  }
  const problems = parsed.error.issues.flatMap((issue) => describe(issue, (path) => placeAt(offsetOf(document.contents, path))));
  throw new LoadError("LOAD_PROFILE_INVALID", problems.join("\n"));
}

/** Rules between fields. */
function checked(profile: LoadProfile, place: string): LoadProfile {
  const { op, pull, push, messageIds } = profile.load;
  const refuse = (problem: string) => {
    throw new LoadError("LOAD_PROFILE_INVALID", `${place}  ${problem}`);
  };
  if (op === "pull" && pull === undefined) {
    refuse('op "pull" needs load.pull with batch and ack');
  }
  if (op === "push" && push === undefined) {
    refuse('op "push" needs load.push with ordered');
  }
  if (op !== "publish" && messageIds) {
    refuse("messageIds is for op publish alone");
  }
  if (op !== "publish" && Object.values(profile.sizes).some((plan) => plan.preload === undefined)) {
    refuse(`op "${op}" needs preload in every size`);
  }
  return profile;
}

function describe(issue: z.core.$ZodIssue, placeOf: (path: readonly PropertyKey[]) => string): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean "${near}"?`;
      return `${placeOf([...issue.path, key])}  unknown key "${key}"; ${hint}`;
    });
  }
  const where = issue.path.length === 0 ? "the file" : issue.path.map(String).join(".");
  return [`${placeOf(issue.path)}  ${where}: ${issue.message}`];
}

/** The keys the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = profileFile;
  for (const key of path) {
    schema = shapeOf(schema)[String(key)];
  }
  return Object.keys(shapeOf(schema));
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  if (schema instanceof z.ZodOptional) {
    return shapeOf(schema.unwrap());
  }
  return schema instanceof z.ZodObject ? schema.shape : {};
}

/** Where the key at the end of the path stands; where the path ends early (a missing key), its parent. */
function offsetOf(contents: unknown, path: readonly PropertyKey[]): number {
  let node: unknown = contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    const pair = isMap(node) ? node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key) : undefined;
    if (pair === undefined) {
      return offset;
    }
    offset = startOf(pair.key) ?? offset;
    node = pair.value;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
