/**
 * Reads one YAML file into plain values and remembers where each stands, so that every later complaint names line and column.
 * Integers beyond 2^53 become decimal text, as sequences are written everywhere; YAML's anchors, tags and merge keys are refused: a case reads the same in any parser.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Problem } from "./problem.ts";

export type Path = readonly PropertyKey[];

export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /** `file:line:column` of the value at `path`, or of the nearest thing above it; `key` asks for the key instead of its value. */
  place(path: Path, which?: "key" | "value"): string;
}

export function readYaml(file: string, text: string): { source: YamlSource; problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: true, uniqueKeys: true, merge: false, prettyErrors: false });
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems: Problem[] = document.errors.map((error) => ({
    place: placeAt(error.pos[0]),
    message: sentence(error.code, error.message),
  }));
  const offsets = new Map<string, { key: number; value: number }>();
  const walk = (node: unknown, path: Path): unknown => {
    if (isScalar(node)) {
      return typeof node.value === "bigint" ? exact(node.value) : node.value;
    }
    if (isAlias(node)) {
      problems.push({ place: placeAt(node.range?.[0] ?? 0), message: "an alias (*name) was found; write the value out" });
      return undefined;
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => remember(item, [...path, index], undefined));
    }
    if (isMap(node)) {
      return Object.fromEntries(node.items.map((pair) => [keyOf(pair.key), remember(pair.value, [...path, keyOf(pair.key)], pair.key)]));
    }
    return null;
  };
  const remember = (node: unknown, path: Path, key: unknown): unknown => {
    const keyOffset = offsetOf(key);
    const valueOffset = offsetOf(node) ?? keyOffset ?? 0;
    offsets.set(JSON.stringify(path.map(String)), { key: keyOffset ?? valueOffset, value: valueOffset });
    return walk(node, path);
  };

  const value = remember(document.contents, [], undefined);
  const place = (path: Path, which: "key" | "value" = "value"): string => {
    for (let length = path.length; length >= 0; length--) {
      const found = offsets.get(JSON.stringify(path.slice(0, length).map(String)));
      if (found !== undefined) {
        return placeAt(length === path.length ? found[which] : found.value);
      }
    }
    return `${file}:1:1`;
  };
  return { source: { file, value, place }, problems };
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function sentence(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") {
    return "duplicate key: it stands twice in the same map; remove one";
  }
  return `not valid YAML: ${message.split("\n")[0] ?? message}`;
}
