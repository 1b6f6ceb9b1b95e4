/** The kinds of value a step takes. Each accepts a variable (`$got.seq`) too, which is resolved and checked again when the step runs. */
import { z } from "zod";
import { durationPattern, parseDuration } from "../catalog/quantities.ts";
import { variablePattern } from "../runner/variables.ts";

export const variable = z.string().regex(variablePattern, "a variable such as $got.seq");

export function text(): z.ZodString {
  return z.string();
}

/** A stream or consumer name, or a subject; what the server refuses is for the server to refuse. */
export function name(): z.ZodString {
  return z.string();
}

/** Unsigned 64 bits, as a number or as decimal text. */
export function sequence() {
  return z.union([z.int().nonnegative(), z.string().regex(/^\d+$/, "a sequence such as 7"), variable]);
}

export function count() {
  return z.union([z.int().nonnegative(), variable]);
}

export function duration() {
  return z.union([z.string().regex(durationPattern, "a duration such as 250ms or 2s"), variable]);
}

export function headers() {
  const value = z.union([z.string(), z.number(), z.array(z.string())]);
  return z.record(z.string(), value);
}

export type HeaderFields = z.infer<ReturnType<typeof headers>>;

/** Milliseconds of a duration that has been resolved. */
export function milliseconds(value: string): number {
  return Number(parseDuration(value) ?? 0n) / 1e6;
}

/** Header values as the wire takes them. */
export function headerLines(fields: HeaderFields | undefined): [string, string][] {
  return Object.entries(fields ?? {}).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [String(value)]).map((each): [string, string] => [key, each]),
  );
}
