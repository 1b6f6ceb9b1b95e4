/**
 * JSON text with the bytes Go's encoder writes: `<`, `>` and `&` escaped, no spaces, `undefined` fields left out (omitempty is the
 * caller's choice), and bigints printed with all their digits.
 */
import type { JsonObject } from "./parse.ts";

export function printJson(value: unknown): string {
  if (typeof value === "string") {
    return printString(value);
  }
  if (typeof value === "object" && value !== null) {
    return printObject(value);
  }
  return typeof value === "bigint" || typeof value === "number" || typeof value === "boolean" ? String(value) : "null";
}

function printObject(value: object): string {
  if (Array.isArray(value)) {
    return `[${value.map(printJson).join(",")}]`;
  }
  if (value instanceof Map) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only maps that reach the border are parsed objects
    return printFields((value as JsonObject).entries());
  }
  if ("digits" in value && typeof value.digits === "string") {
    return value.digits;
  }
  return printFields(Object.entries(value));
}

function printFields(fields: Iterable<[string, unknown]>): string {
  let text = "{";
  for (const [key, value] of fields) {
    if (value !== undefined) {
      text += `${text.length > 1 ? "," : ""}${printString(key)}:${printJson(value)}`;
    }
  }
  return `${text}}`;
}

const ESCAPED = /[<>&\u2028\u2029]/g;

function printString(value: string): string {
  return JSON.stringify(value).replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
