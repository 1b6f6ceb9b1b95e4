/** Turns what a schema refuses into problems with places: what was found and what would be right, in the words of the file's writer. */
import { z } from "zod";
import type { Problem } from "./problem.ts";
import { fieldOf } from "./record.ts";
import { didYouMean } from "./suggestion.ts";
import type { Path, YamlSource } from "./yaml-source.ts";

type Issue = z.core.$ZodIssue;

/** The value when the schema accepts it; the problems otherwise. `below` is the path of `value` inside the file. */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  { source, below = [], what }: { source: YamlSource; below?: Path; what: string },
): { value: z.output<T> | undefined; problems: Problem[] } {
  const result = schema.safeParse(value);
  if (result.success) {
    return { value: result.data, problems: [] };
  }
  const issues = result.error.issues.flatMap(closest);
  return { value: undefined, problems: issues.flatMap((issue) => problemsOf(issue, { value, source, below, what })) };
}

interface Setting {
  value: unknown;
  source: YamlSource;
  below: Path;
  what: string;
}

function problemsOf(issue: Issue, { value, source, below, what }: Setting): Problem[] {
  const path = [...below, ...issue.path];
  const inside = placeInWords(issue.path, what);
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(issue);
    return issue.keys.map((key) => ({
      place: source.place([...path, key], "key"),
      message: `unknown key "${key}" in ${inside}${didYouMean(key, allowed)}`,
    }));
  }
  const found = valueAt(value, issue.path);
  const place = source.place(path);
  if (issue.code === "invalid_type" && found === undefined) {
    return [{ place, message: `${inside} is missing; it takes ${expectedOf(issue)}` }];
  }
  return [{ place, message: `${inside} is ${show(found)}; ${expectation(issue, found)}` }];
}

/** `step "publish"`, `"subject" of step "publish"`, or the dotted path where the problem lies outside of a step. */
function placeInWords(path: Path, what: string): string {
  const steps = path.lastIndexOf("steps");
  const verbAt = path[steps + 2] === "await" ? steps + 3 : steps + 2;
  const verb = steps < 0 ? undefined : path[verbAt];
  const rest = (verb === undefined ? path : path.slice(verbAt + 1)).map(String).join(".");
  const whole = verb === undefined ? what : `step "${String(verb)}"`;
  return rest === "" ? whole : `"${rest}" of ${whole}`;
}

/** A union fails in every branch at once; the branch that came furthest says best what is wrong. */
function closest(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) {
    return [issue];
  }
  const branches = issue.errors.map((branch) => branch.flatMap(closest));
  const depth = (branch: Issue[]): number => Math.max(0, ...branch.map((inner) => inner.path.length));
  const deepest = branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
  if (depth(deepest) === 0 && !deepest.some((inner) => inner.code === "unrecognized_keys")) {
    const wanted = [...new Set(branches.flatMap((branch) => branch.map(expectedOf)))].join(", or ");
    return [{ ...issue, message: `it takes ${wanted}`, errors: [] }];
  }
  return deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function expectation(issue: Issue, found: unknown): string {
  if (issue.code === "invalid_value") {
    const allowed = issue.values.map(String);
    return `it takes ${list(allowed)}${typeof found === "string" && allowed.length > 3 ? didYouMean(found, allowed) : ""}`;
  }
  if (issue.code === "invalid_union") {
    return issue.message;
  }
  if (issue.code === "custom") {
    return issue.message;
  }
  return `it takes ${expectedOf(issue)}`;
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return named(issue.expected);
    case "invalid_value":
      return list(issue.values.map(String));
    case "too_small":
      return `at least ${String(issue.minimum)}`;
    case "too_big":
      return `at most ${String(issue.maximum)}`;
    default:
      return issue.message;
  }
}

const names: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function named(expected: string): string {
  return names[expected] ?? expected;
}

function list(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : `one of ${values.join(", ")}`;
}

/** Which keys a map takes stands in no issue of zod's, so `strict` hands them over in the message. */
function allowedKeys(issue: Issue): string[] {
  return issue.message.startsWith(keysMark) ? issue.message.slice(keysMark.length).split(" ") : [];
}

const keysMark = "keys: ";

/** A map that refuses unknown keys and can say which ones it knows. */
export function strict<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const keys = Object.keys(shape).join(" ");
  return z.strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? `${keysMark}${keys}` : undefined) });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, key) => fieldOf(current, key), value);
}

export function show(value: unknown): string {
  if (value === undefined) {
    return "missing";
  }
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
