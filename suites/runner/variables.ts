/**
 * `$name` in a case: a value of the matrix (`$storage`) or something an earlier step saved (`$got.messages.0`). A text that is only a variable
 * becomes the value itself; `${name}` inside longer text is replaced by its text. Only lower-case names are variables, so `$JS.API` stays.
 */
import { fieldOf } from "../catalog/record.ts";
import { stringifyLossless } from "./lossless-json.ts";

export type Bindings = Readonly<Record<string, unknown>>;

const whole = /^\$([a-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)$/;
const inside = /\$\{([a-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}/g;

export const variablePattern = whole;

/** Unknown names stay as they are when `partial` (a later stage knows them), otherwise they are a mistake of the case. */
export function substitute(value: unknown, bindings: Bindings, { partial = false }: { partial?: boolean } = {}): unknown {
  if (typeof value === "string") {
    return substituteText(value, bindings, partial);
  }
  if (Array.isArray(value)) {
    return value.map((item) => substitute(item, bindings, { partial }));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, bindings, { partial })]));
}

function substituteText(text: string, bindings: Bindings, partial: boolean): unknown {
  const name = whole.exec(text)?.[1];
  if (name !== undefined) {
    const found = look(name, bindings);
    return found === undefined ? keepOrRefuse(text, name, bindings, partial) : found;
  }
  return text.replaceAll(inside, (match: string, inner: string) => {
    const found = look(inner, bindings);
    const value = found === undefined ? keepOrRefuse(match, inner, bindings, partial) : found;
    return typeof value === "string" ? value : stringifyLossless(value);
  });
}

function look(name: string, bindings: Bindings): unknown {
  return name.split(".").reduce<unknown>((current, part) => fieldOf(current, part), bindings);
}

function keepOrRefuse(text: string, name: string, bindings: Bindings, partial: boolean): string {
  if (partial) {
    return text;
  }
  throw new UnknownVariable(name, Object.keys(bindings));
}

/** A case uses what nothing saved: the reply did not have it, or the name is wrong. */
export class UnknownVariable extends Error {
  override readonly name = "UnknownVariable";
  readonly code = "UNKNOWN_VARIABLE";
  constructor(variable: string, known: readonly string[]) {
    super(`$${variable} has no value here; known: ${known.length === 0 ? "none" : known.map((name) => `$${name}`).join(", ")}`);
  }
}

/** Every variable name used anywhere in `value`, without its path. */
export function variablesIn(value: unknown): string[] {
  if (typeof value === "string") {
    const names = [whole.exec(value)?.[1], ...[...value.matchAll(inside)].map((match) => match[1])];
    return names.filter((name) => name !== undefined).map((name) => name.split(".")[0] ?? name);
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.values(value).flatMap(variablesIn);
}
