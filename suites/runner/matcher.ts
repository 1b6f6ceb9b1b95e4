/**
 * `expect`: a subset match of a reply. A plain value must be equal; a map must match in the fields it names; a list must match item by item.
 * Operators stand in for a value: `absent`, `any`, `{ oneOf: […] }`, `{ gt|gte|lt|lte: n }`, `{ matches: regex }`, `{ length: n }`,
 * `{ contains: […] }`, `{ unordered: […] }`, `{ not: … }`, `{ equals: … }` (takes the value literally, for the words above).
 * Numbers compare exactly whether they came as number, bigint or decimal text.
 */
import { fieldOf } from "../catalog/record.ts";

export interface Mismatch {
  /** Dotted path of the field that differs; empty for the reply itself. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

type Operator = (argument: unknown, actual: unknown, path: string) => Mismatch | undefined;

const operators: Readonly<Record<string, Operator>> = {
  oneOf: (choices, actual, path) => {
    const all = Array.isArray(choices) ? choices : [choices];
    return all.some((choice) => mismatch(choice, actual, path) === undefined) ? undefined : differs(path, { oneOf: all }, actual);
  },
  gt: (limit, actual, path) => ordered(path, { gt: limit }, actual, (order) => order > 0),
  gte: (limit, actual, path) => ordered(path, { gte: limit }, actual, (order) => order >= 0),
  lt: (limit, actual, path) => ordered(path, { lt: limit }, actual, (order) => order < 0),
  lte: (limit, actual, path) => ordered(path, { lte: limit }, actual, (order) => order <= 0),
  matches: (pattern, actual, path) =>
    typeof actual === "string" && new RegExp(String(pattern), "u").test(actual) ? undefined : differs(path, { matches: pattern }, actual),
  length: (length, actual, path) => {
    const size = typeof actual === "string" || Array.isArray(actual) ? actual.length : undefined;
    return mismatch(length, size, `${path}.length`.replace(/^\./, ""));
  },
  contains: (items, actual, path) => {
    const wanted = Array.isArray(items) ? items : [items];
    const list = Array.isArray(actual) ? actual : [];
    return wanted.every((item) => list.some((each) => mismatch(item, each, path) === undefined))
      ? undefined
      : differs(path, { contains: items }, actual);
  },
  unordered: (items, actual, path) => (isPermutation(items, actual) ? undefined : differs(path, { unordered: items }, actual)),
  not: (inner, actual, path) => (mismatch(inner, actual, path) === undefined ? differs(path, { not: inner }, actual) : undefined),
  equals: (value, actual, path) => (sameLiteral(value, actual) ? undefined : differs(path, value, actual)),
};

export const operatorNames: readonly string[] = Object.keys(operators);

/** The first difference, or undefined when `actual` is as expected. */
export function mismatch(expected: unknown, actual: unknown, path = ""): Mismatch | undefined {
  if (expected === "any") {
    return actual === undefined ? differs(path, "any", actual) : undefined;
  }
  if (expected === "absent") {
    return actual === undefined ? undefined : differs(path, "absent", actual);
  }
  if (Array.isArray(expected)) {
    return listMismatch(expected, actual, path);
  }
  if (typeof expected === "object" && expected !== null) {
    return isOperator(expected) ? operatorMismatch(expected, actual, path) : mapMismatch(expected, actual, path);
  }
  return sameLiteral(expected, actual) ? undefined : differs(path, expected, actual);
}

export function isOperator(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => Object.hasOwn(operators, key));
}

function operatorMismatch(expected: object, actual: unknown, path: string): Mismatch | undefined {
  for (const [name, argument] of Object.entries(expected)) {
    const found = operators[name]?.(argument, actual, path);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function mapMismatch(expected: object, actual: unknown, path: string): Mismatch | undefined {
  if (typeof actual !== "object" || actual === null) {
    return differs(path, expected, actual);
  }
  for (const [key, value] of Object.entries(expected)) {
    const found = mismatch(value, fieldOf(actual, key), join(path, key));
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function listMismatch(expected: readonly unknown[], actual: unknown, path: string): Mismatch | undefined {
  if (!Array.isArray(actual)) {
    return differs(path, expected, actual);
  }
  for (const [index, item] of expected.entries()) {
    const found = index < actual.length ? mismatch(item, actual[index], join(path, String(index))) : differs(path, expected, actual);
    if (found !== undefined) {
      return found;
    }
  }
  return actual.length === expected.length ? undefined : differs(path, expected, actual);
}

/** Matches each expected item with an item of its own; small lists, so plain backtracking is enough. */
function isPermutation(expected: unknown, actual: unknown): boolean {
  if (!Array.isArray(expected) || !Array.isArray(actual) || expected.length !== actual.length) {
    return false;
  }
  if (expected.length === 0) {
    return true;
  }
  const [first, ...rest] = expected as unknown[];
  return actual.some((item, index) => mismatch(first, item) === undefined && isPermutation(rest, actual.toSpliced(index, 1)));
}

function ordered(
  path: string,
  expected: Record<string, unknown>,
  actual: unknown,
  holds: (order: number) => boolean,
): Mismatch | undefined {
  const [limit] = Object.values(expected);
  const order = compare(actual, limit);
  return order !== undefined && holds(order) ? undefined : differs(path, expected, actual);
}

function compare(actual: unknown, limit: unknown): number | undefined {
  const left = exactNumber(actual);
  const right = exactNumber(limit);
  if (left !== undefined && right !== undefined) {
    return left < right ? -1 : left > right ? 1 : 0;
  }
  // Times in RFC 3339 and other text compare as text.
  return typeof actual === "string" && typeof limit === "string" ? Math.sign(actual.localeCompare(limit, "en")) : undefined;
}

function exactNumber(value: unknown): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") {
    return value;
  }
  return typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

function sameLiteral(expected: unknown, actual: unknown): boolean {
  if (expected === actual) {
    return true;
  }
  if (typeof expected === "object" && expected !== null && typeof actual === "object" && actual !== null) {
    return show(expected) === show(actual);
  }
  // Text against text is compared as text: "007" is not 7 to a person.
  if (typeof expected === "string" && typeof actual === "string") {
    return false;
  }
  const left = exactNumber(expected);
  const right = exactNumber(actual);
  return left !== undefined && right !== undefined && compare(left, right) === 0;
}

function differs(path: string, expected: unknown, actual: unknown): Mismatch {
  return { path, expected: show(expected), actual: actual === undefined ? "absent" : show(actual) };
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner)) ?? String(value);
  return text.length > 2000 ? `${text.slice(0, 1999)}…` : text;
}
