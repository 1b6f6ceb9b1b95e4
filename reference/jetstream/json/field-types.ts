/** The Go types that occur in requests, as `FieldType`s for `decode.ts`. */
import { type FieldType, type Int64, isNumber, kindOf } from "./decode.ts";
import type { JsonValue } from "./parse.ts";
import { parseTime } from "./time.ts";

export const text: FieldType<string> = {
  go: "string",
  decode: (value, place) => (typeof value === "string" ? value : place.mismatch(kindOf(value), "string")),
};

export const bool: FieldType<boolean> = {
  go: "bool",
  decode: (value, place) => (typeof value === "boolean" ? value : place.mismatch(kindOf(value), "bool")),
};

function integer(go: string, least: bigint, most: bigint): FieldType<Int64> {
  return {
    go,
    decode(value, place) {
      if (!isNumber(value)) {
        return place.mismatch(kindOf(value), go);
      }
      if (!/^-?\d+$/.test(value.digits)) {
        return place.mismatch(`number ${value.digits}`, go);
      }
      const exact = BigInt(value.digits);
      if (exact < least || exact > most) {
        return place.mismatch(`number ${value.digits}`, go);
      }
      return shortest(exact);
    },
  };
}

/** A bigint as the narrowest exact form, so that equal values compare with `===`. */
export function shortest(value: bigint): Int64 {
  return value >= -BigInt(Number.MAX_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

const INT64_MAX = 2n ** 63n - 1n;

export const int64 = integer("int64", -(2n ** 63n), INT64_MAX);
export const uint64 = integer("uint64", 0n, 2n ** 64n - 1n);
export const int = integer("int", -(2n ** 63n), INT64_MAX);
export const duration = integer("time.Duration", -(2n ** 63n), INT64_MAX);
export const int32: FieldType<number> = {
  go: "int32",
  decode: (value, place) => {
    const wide = integer("int32", -(2n ** 31n), 2n ** 31n - 1n).decode(value, place);
    return wide === undefined ? undefined : Number(wide);
  },
};

export function list<Value>(of: FieldType<Value>): FieldType<Value[]> {
  return {
    go: `[]${of.go}`,
    decode(value, place) {
      if (!Array.isArray(value)) {
        return place.mismatch(kindOf(value), this.go);
      }
      const items: Value[] = [];
      for (const item of value) {
        const decoded = item === null ? undefined : of.decode(item, place);
        if (decoded !== undefined) {
          items.push(decoded);
        }
      }
      return items;
    },
  };
}

/** `map[string]string`; keys sorted, as Go prints them. */
export const textMap: FieldType<Record<string, string>> = {
  go: "map[string]string",
  decode(value, place) {
    if (!(value instanceof Map)) {
      return place.mismatch(kindOf(value), this.go);
    }
    const entries: [string, string][] = [];
    for (const [key, item] of value) {
      const decoded = item === null ? "" : text.decode(item, place);
      if (decoded !== undefined) {
        entries.push([key, decoded]);
      }
    }
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  },
};

/** One of the given words; anything else is told as Go's enum decoders do, or in the enum's own words. */
export function oneOf<const Words extends readonly string[]>(words: Words, otherwise?: string): FieldType<Words[number]> {
  return {
    go: "string",
    decode: (value, place) =>
      typeof value === "string" && words.includes(value)
        ? value
        : place.fail(otherwise ?? `can not unmarshal ${JSON.stringify(sourceOf(value))}`),
  };
}

function sourceOf(value: JsonValue): string {
  return isNumber(value) ? value.digits : JSON.stringify(value);
}

/** RFC 3339 into nanoseconds since 1970. */
export const time: FieldType<bigint> = {
  go: "time.Time",
  decode(value, place) {
    if (typeof value !== "string") {
      return place.fail("Time.UnmarshalJSON: input is not a JSON string");
    }
    const parsed = parseTime(value);
    return (
      parsed ??
      place.fail(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`)
    );
  },
};
