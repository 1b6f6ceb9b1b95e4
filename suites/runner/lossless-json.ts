/** JSON in which no integer is rounded: whole numbers beyond 2^53 are read as bigint, and a bigint is written as a plain JSON number. */

/** Not yet in the compiler's library: the third argument of a reviver, and `JSON.rawJSON` (both ECMAScript 2026, in Node 24). */
type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library types lag behind the language
const json = JSON as unknown as { parse(text: string, reviver: SourceReviver): unknown; rawJSON(text: string): unknown };

export function parseLossless(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value,
  );
}

export function stringifyLossless(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? json.rawJSON(inner.toString()) : inner)) ?? "null";
}
