import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeJson, type Fields, nested, type Shape } from "./decode.ts";
import { bool, duration, int, int32, int64, list, oneOf, text, textMap, uint64 } from "./field-types.ts";
import { parseJson } from "./parse.ts";
import { printJson } from "./print.ts";
import { formatTime, parseTime } from "./time.ts";

const limits = nested({ struct: "StreamConsumerLimits", fields: { max_ack_pending: int } });
const shape = {
  struct: "StreamConfigRequest",
  embedded: "StreamConfig",
  own: ["pedantic"],
  fields: {
    name: text,
    subjects: list(text),
    max_msgs: int64,
    max_msg_size: int32,
    first_seq: uint64,
    max_age: duration,
    sealed: bool,
    storage: oneOf(["file", "memory"]),
    metadata: textMap,
    consumer_limits: limits,
    pedantic: bool,
  },
} satisfies Shape<Fields>;

function invalid(body: string): string | undefined {
  const result = decodeJson(body, shape, { strict: true });
  return "invalid" in result ? result.invalid : undefined;
}

test("what does not fit is told in the words of the official server", () => {
  const field = "Go struct field StreamConfigRequest.StreamConfig";
  expect(invalid('{"max_msgs":1.5}')).toBe(`json: cannot unmarshal number 1.5 into ${field}.max_msgs of type int64`);
  expect(invalid('{"max_msgs":9223372036854775808}')).toContain("number 9223372036854775808 into");
  expect(invalid('{"subjects":"t"}')).toBe(`json: cannot unmarshal string into ${field}.subjects of type []string`);
  expect(invalid('{"subjects":[1]}')).toBe(`json: cannot unmarshal number into ${field}.subjects of type string`);
  expect(invalid('{"metadata":"x"}')).toBe(`json: cannot unmarshal string into ${field}.metadata of type map[string]string`);
  expect(invalid('{"pedantic":1}')).toBe("json: cannot unmarshal number into Go struct field StreamConfigRequest.pedantic of type bool");
  expect(invalid('{"storage":5}')).toBe('can not unmarshal "5"');
  expect(invalid('{"storage":"tape"}')).toBe('can not unmarshal "\\"tape\\""');
  expect(invalid('{"bogus":1}')).toBe('json: unknown field "bogus"');
  expect(invalid('{"consumer_limits":{"max_ack_pending":"1"}}')).toBe(
    "json: cannot unmarshal string into Go struct field StreamConsumerLimits.StreamConfig.consumer_limits.max_ack_pending of type int",
  );
  expect(invalid("[1]")).toBe("json: cannot unmarshal array into Go value of type server.StreamConfigRequest");
});

test.each([
  ['{"name":"T"', "unexpected EOF"],
  ["nul", "unexpected EOF"],
  ['{"name":"T"} x', "invalid character 'x' looking for beginning of value at offset 14"],
  ['{"name":"T",}', "invalid character '}' looking for beginning of object key string at offset 13"],
  ['{"name":}', "invalid character '}' looking for beginning of value at offset 9"],
  ['{"name":"T\\x"}', "invalid character 'x' in string escape code at offset 12"],
  ["{'name':1}", "invalid character '\\'' looking for beginning of object key string at offset 2"],
  ['{"name":01}', "invalid character '1' after object key:value pair at offset 10"],
])("the syntax error in %s names its place", (body, expected) => {
  expect(invalid(body)).toBe(expected);
});

test("case is ignored in names, null leaves a field unset and a second value is read over the first", () => {
  const result = decodeJson('{"NAME":"a","sealed":null} {"max_age":5}', shape, { strict: true });
  expect(result).toEqual({ value: { name: "a", max_age: 5 } });
  expect(decodeJson('{"bogus":1}', shape, { strict: false })).toEqual({ value: {} });
  expect(decodeJson("", shape, { strict: true })).toEqual({ value: {} });
});

test("64-bit integers pass the border without losing a digit", () => {
  const result = decodeJson('{"max_msgs":9223372036854775807,"first_seq":18446744073709551615}', shape, { strict: true });
  expect(result).toEqual({ value: { max_msgs: 9223372036854775807n, first_seq: 18446744073709551615n } });
  expect(printJson(result)).toBe('{"value":{"max_msgs":9223372036854775807,"first_seq":18446744073709551615}}');
});

test("text and numbers survive printing and parsing, with Go's escapes", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const parsed = parseJson(printJson([value]));
      expect("value" in parsed ? parsed.value : undefined).toEqual([value]);
    }),
  );
  expect(printJson({ subjects: ["s.>"], none: undefined })).toBe('{"subjects":["s.\\u003e"]}');
});

test("deep nesting is refused, not a stack overflow", () => {
  expect(parseJson("[".repeat(100_000))).toEqual({ syntax: "exceeded max depth at offset 1001" });
});

test("times are printed and read to the nanosecond", () => {
  expect(formatTime(0n)).toBe("0001-01-01T00:00:00Z");
  expect(formatTime(1_764_000_003_096_947_858n)).toBe("2025-11-24T16:00:03.096947858Z");
  expect(parseTime("2025-11-24T17:00:03.5+01:00")).toBe(1_764_000_003_500_000_000n);
  expect(parseTime("2025-02-30T00:00:00Z")).toBeUndefined();
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 4_102_444_800_000_000_000n }), (timeNs) => {
      expect(parseTime(formatTime(timeNs))).toBe(timeNs);
    }),
  );
});
