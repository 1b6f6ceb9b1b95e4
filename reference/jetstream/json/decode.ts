/**
 * Typed reading of requests with the rules of Go's `encoding/json`: field names match without regard to case, `null` leaves a field
 * unset, later duplicates win, values concatenated behind the first are read over it, and the first thing that does not fit is told in
 * Go's words. Unknown fields are refused in strict mode (the default of the server) and ignored otherwise.
 *
 * 64-bit integers arrive as `number` when they are safe and as `bigint` when they are not, so equal values are always identical.
 */
import type { JsonObject, JsonValue } from "./parse.ts";
import { parseJson } from "./parse.ts";

export type Int64 = number | bigint;

/** How one Go type is read. `decode` reports through `place.fail` and answers undefined when the value does not fit. */
export interface FieldType<Value> {
  readonly go: string;
  decode(value: JsonValue, place: Place): Value | undefined;
}

export type Fields = Readonly<Record<string, FieldType<unknown>>>;

export type Decoded<F extends Fields> = { -readonly [K in keyof F]?: F[K] extends FieldType<infer Value> ? Value : never };

/** A Go struct. `embedded` fields sit in the same JSON object but are named with the embedded struct in errors. */
export interface Shape<F extends Fields> {
  readonly struct: string;
  readonly embedded?: string;
  readonly own?: readonly string[];
  readonly fields: F;
}

export type DecodeResult<F extends Fields> = { readonly value: Decoded<F> } | { readonly invalid: string };

/** Reads a request body. An empty body is an empty object. `invalid` is the text of error 10025. */
export function decodeJson<F extends Fields>(text: string, shape: Shape<F>, options: { strict: boolean }): DecodeResult<F> {
  const context: Context = { strict: options.strict, failure: undefined };
  const into: Record<string, unknown> = {};
  for (let at = 0; ; ) {
    const parsed = parseJson(text, at);
    if ("empty" in parsed) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field was read by the type that `Decoded` names for it
      return { value: into as Decoded<F> };
    }
    if ("syntax" in parsed) {
      return { invalid: parsed.syntax };
    }
    readTop(parsed.value, shape, into, context);
    if (context.failure !== undefined) {
      return { invalid: context.failure };
    }
    at = parsed.end;
  }
}

interface Context {
  readonly strict: boolean;
  /** Only the first failure counts; reading goes on behind it. */
  failure: string | undefined;
}

/** Where a value stands, for error texts. */
export class Place {
  readonly context: Context;
  readonly struct: string;
  readonly path: string;

  constructor(context: Context, struct: string, path: string) {
    this.context = context;
    this.struct = struct;
    this.path = path;
  }

  /** "cannot unmarshal <what> into Go struct field …", the commonest failure. */
  mismatch(what: string, go: string): undefined {
    return this.fail(`json: cannot unmarshal ${what} into Go struct field ${this.struct}.${this.path} of type ${go}`);
  }

  fail(text: string): undefined {
    this.context.failure ??= text;
    return undefined;
  }
}

function readTop(value: JsonValue, shape: Shape<Fields>, into: Record<string, unknown>, context: Context): void {
  if (value === null) {
    return;
  }
  if (!(value instanceof Map)) {
    context.failure ??= `json: cannot unmarshal ${kindOf(value)} into Go value of type server.${shape.struct}`;
    return;
  }
  readFields(value, { shape, prefix: "", into, context });
}

interface Target {
  readonly shape: Shape<Fields>;
  readonly prefix: string;
  readonly into: Record<string, unknown>;
  readonly context: Context;
}

function readFields(object: JsonObject, { shape, prefix, into, context }: Target): void {
  for (const [key, value] of object) {
    const name = fieldName(shape.fields, key);
    if (name === undefined) {
      if (context.strict) {
        context.failure ??= `json: unknown field ${JSON.stringify(key)}`;
      }
      continue;
    }
    const type = shape.fields[name];
    if (value === null || type === undefined) {
      continue;
    }
    const inside = shape.embedded === undefined || shape.own?.includes(name) === true ? "" : `${shape.embedded}.`;
    const decoded = type.decode(value, new Place(context, shape.struct, `${prefix}${inside}${name}`));
    if (decoded !== undefined) {
      into[name] = decoded;
    }
  }
}

function fieldName(fields: Fields, key: string): string | undefined {
  if (Object.hasOwn(fields, key)) {
    return key;
  }
  const lower = key.toLowerCase();
  return Object.keys(fields).find((name) => name.toLowerCase() === lower);
}

export function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) {
    return "array";
  }
  if (value instanceof Map) {
    return "object";
  }
  if (typeof value === "boolean") {
    return "bool";
  }
  return typeof value === "string" ? "string" : "number";
}

export function isNumber(value: JsonValue): value is { digits: string } {
  return typeof value === "object" && value !== null && "digits" in value;
}

/** Reads a nested struct. */
export function nested<F extends Fields>(shape: Shape<F>): FieldType<Decoded<F>> {
  return {
    go: `server.${shape.struct}`,
    decode(value, place) {
      if (!(value instanceof Map)) {
        return place.mismatch(kindOf(value), this.go);
      }
      const into: Record<string, unknown> = {};
      readFields(value, { shape, prefix: `${place.path}.`, into, context: place.context });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field was read by the type that `Decoded` names for it
      return into as Decoded<F>;
    },
  };
}
