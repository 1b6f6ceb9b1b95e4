import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseConf } from "./conf-parser.ts";
import type { ConfMap, ConfValue } from "./conf-value.ts";

const FILES: Readonly<Record<string, string>> = {
  "conf/users.conf": "user: joe\n",
  "conf/loop.conf": "include loop.conf\n",
};
const ENVIRONMENT: Readonly<Record<string, string>> = { SIZE: "64kb", WORD: "hello", LOOP: "$LOOP" };

function parse(text: string): ConfMap {
  return parseConf(text, "conf/main.conf", {
    read(file) {
      const found = FILES[file];
      if (found === undefined) {
        throw new Error("no such file");
      }
      return found;
    },
    resolve: (_from, name) => `conf/${name}`,
    environment: (name) => ENVIRONMENT[name],
  });
}

function plain(value: ConfValue): unknown {
  if (value.kind === "map") {
    return Object.fromEntries([...value.value].map(([key, entry]) => [key, plain(entry.value)]));
  }
  return value.kind === "array" ? value.value.map((each) => plain(each)) : value.value;
}

const read = (text: string): unknown => plain(parse(text));

test("a key and its value may be joined by =, : or nothing", () => {
  expect(read("a = 1\nb: 2\nc 3\nd\n4\n")).toEqual({ a: 1, b: 2, c: 3, d: 4 });
  expect(read("e {f: 5, g: 6}\n")).toEqual({ e: { f: 5, g: 6 } });
  expect(read("a=1;b=2")).toEqual({ a: 1, b: 2 });
});

test("a whole file may stand in braces, so JSON is a configuration", () => {
  expect(read('{"listen": "127.0.0.1:4222", "jetstream": {"max_mem": 5, "x": [1, "a", true]}}')).toEqual({
    listen: "127.0.0.1:4222",
    jetstream: { max_mem: 5, x: [1, "a", true] },
  });
});

test("comments end with their line and don't begin inside a word", () => {
  expect(read("# one\na: 1 # two\n// three\nb: x#y // four\nc: [ 1 # five\n 2 ]\n")).toEqual({ a: 1, b: "x#y", c: [1, 2] });
});

test("numbers take suffixes in thousands and in 1024s", () => {
  expect(read("a: 1k, b: 1kb, c: 2M, d: 2MiB, e: 3g, f: -1, g: 1.5, h: 10ms, i: 2m")).toEqual({
    a: 1000,
    b: 1024,
    c: 2_000_000,
    d: 2 * 1024 * 1024,
    e: 3e9,
    f: -1,
    g: 1.5,
    h: "10ms",
    i: 2_000_000,
  });
});

test("booleans have three spellings each and any case", () => {
  expect(read("a: true, b: YES, c: on, d: False, e: no, f: OFF")).toEqual({ a: true, b: true, c: true, d: false, e: false, f: false });
});

test("strings come bare, quoted with escapes, quoted as they are, and as blocks", () => {
  expect(read(`a: bare.word:1\nb: "t\\tq\\"x\\x41"\nc: 'a\\tb'\nd: (\none\n two\n)\n`)).toEqual({
    a: "bare.word:1",
    b: 't\tq"xA',
    c: "a\\tb",
    d: "one\n two",
  });
});

test("a variable is a key further up, from the inside out, or the environment", () => {
  expect(read("x: 1\nm { x: 2, y: $x }\nz: $x\nsize: $SIZE\nword: $WORD")).toMatchObject({
    m: { y: 2 },
    z: 1,
    size: 65_536,
    word: "hello",
  });
  expect(() => read("a: $NOPE")).toThrow("conf/main.conf:1:4: variable reference for 'NOPE' can not be found");
  expect(() => read("a: $LOOP")).toThrow("'LOOP' refers to itself");
});

test("an included file's keys stand where the include stands", () => {
  expect(read("authorization { include users.conf }\n")).toEqual({ authorization: { user: "joe" } });
  expect(() => read('include "nope.conf"')).toThrow('conf/main.conf:1:9: can\'t read the included file "nope.conf"');
  expect(() => read("include loop.conf")).toThrow("includes nested deeper than 16");
});

test("an error names file, line and column", () => {
  const cases: Readonly<Record<string, string>> = {
    "a: 1\n b: 2 c: 3\n": '2:7: expected a new line, "," or ";" after the value of "b", found \'c\'',
    'a: "x\n': '1:4: the string that begins here has no closing "',
    "a: [1,,2]": "1:7: expected a value or ], found ','",
    "a:\n1\n": '1:3: expected a value for "a" on the same line',
    "m {\n a: 1\n": "3:1: expected } before the end of the file",
    "a: 12-34": '1:4: "12-34" begins like a date',
    "a: 99999999999999999999": "1:4: 99999999999999999999 is too large a number",
    "a: 1\nA: 2\n": '2:1: "A" is set twice, first on line 1',
    'a: "\\q"': "1:5: unknown escape \\q",
    "= 1": "1:1: expected a key, found '='",
  };
  for (const [text, message] of Object.entries(cases)) {
    expect(() => read(text), text).toThrow(`conf/main.conf:${message}`);
  }
  expect(() => read(`a: ${"[".repeat(100_000)}`)).toThrow("nested deeper than 64");
});

test("whatever stands in a file, reading it ends with values or an error that has a place", () => {
  const piece = fc.constantFrom(
    "a",
    "1",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    '"',
    "'",
    "=",
    ":",
    ",",
    ";",
    " ",
    "\n",
    "$a",
    "#",
    "//",
    "include",
    "\\",
    "-",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        parse(pieces.join(""));
      } catch (error) {
        expect(String(error)).toMatch(/conf\/[^:]*:\d+:\d+: /);
      }
    }),
    { numRuns: 1000 },
  );
});
