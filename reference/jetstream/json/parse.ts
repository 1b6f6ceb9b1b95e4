/**
 * JSON as the API border needs it: numbers keep their digits (64-bit values are neither rounded nor refused), and what is wrong
 * with a text is said in the words of Go's decoder, because those words are part of error 10025.
 */

/** A number as written, so that no digit is lost before its type is known. */
export interface JsonNumber {
  readonly digits: string;
}

export type JsonObject = Map<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

export type Parsed = { readonly value: JsonValue; readonly end: number } | { readonly syntax: string } | { readonly empty: true };

/** Nested deeper than this is refused; Go's limit of 10,000 would overflow the stack here. */
const DEPTH_MAX = 1000;

/** Thrown and caught inside this module only. */
class SyntaxProblem extends Error {}

/** Parses one value from `start`; `end` is where the text behind it begins. `empty` when only white space is left. */
export function parseJson(text: string, start = 0): Parsed {
  const reader = new Reader(text, start);
  reader.skipSpace();
  if (reader.at >= text.length) {
    return { empty: true };
  }
  try {
    return { value: reader.value(0), end: reader.at };
  } catch (problem) {
    if (problem instanceof SyntaxProblem) {
      return { syntax: problem.message };
    }
    throw problem;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  readonly #text: string;
  at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.at = start;
  }

  skipSpace(): void {
    for (;;) {
      const char = this.#text[this.at];
      if (char !== " " && char !== "\n" && char !== "\r" && char !== "\t") {
        return;
      }
      this.at += 1;
    }
  }

  value(depth: number): JsonValue {
    if (depth > DEPTH_MAX) {
      throw new SyntaxProblem(`exceeded max depth at offset ${this.#bytes(this.at)}`);
    }
    this.skipSpace();
    const char = this.#text[this.at];
    switch (char) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#literal("true", true);
      case "f":
        return this.#literal("false", false);
      case "n":
        return this.#literal("null", null);
      default:
        return isDigit(char) || char === "-" ? this.#number() : this.#fail("looking for beginning of value");
    }
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = new Map();
    this.at += 1;
    this.skipSpace();
    if (this.#text[this.at] === "}") {
      this.at += 1;
      return object;
    }
    for (;;) {
      this.skipSpace();
      if (this.#text[this.at] !== '"') {
        this.#fail("looking for beginning of object key string");
      }
      const key = this.#string();
      this.skipSpace();
      if (this.#text[this.at] !== ":") {
        this.#fail("after object key");
      }
      this.at += 1;
      object.set(key, this.value(depth + 1));
      if (!this.#more("}", "after object key:value pair")) {
        return object;
      }
    }
  }

  #array(depth: number): JsonValue[] {
    const array: JsonValue[] = [];
    this.at += 1;
    this.skipSpace();
    if (this.#text[this.at] === "]") {
      this.at += 1;
      return array;
    }
    for (;;) {
      array.push(this.value(depth + 1));
      if (!this.#more("]", "after array element")) {
        return array;
      }
    }
  }

  /** Takes a comma (true) or the closing bracket (false). */
  #more(closing: string, context: string): boolean {
    this.skipSpace();
    const char = this.#text[this.at];
    if (char !== "," && char !== closing) {
      this.#fail(context);
    }
    this.at += 1;
    return char === ",";
  }

  #string(): string {
    let result = "";
    this.at += 1;
    let from = this.at;
    for (;;) {
      const code = this.#text.charCodeAt(this.at);
      if (code === 0x22) {
        result += this.#text.slice(from, this.at);
        this.at += 1;
        return result;
      }
      if (code === 0x5c) {
        result += this.#text.slice(from, this.at) + this.#escape();
        from = this.at;
      } else if (code >= 0x20) {
        this.at += 1;
      } else {
        this.#fail("in string literal");
      }
    }
  }

  #escape(): string {
    this.at += 1;
    const char = this.#text[this.at];
    if (char === "u") {
      for (let index = 1; index <= 4; index += 1) {
        this.at += 1;
        if (!/[0-9a-fA-F]/.test(this.#text[this.at] ?? "")) {
          this.#fail("in \\u hexadecimal character escape");
        }
      }
      this.at += 1;
      return String.fromCharCode(Number.parseInt(this.#text.slice(this.at - 4, this.at), 16));
    }
    const plain = ESCAPES[char ?? ""];
    if (plain === undefined) {
      return this.#fail("in string escape code");
    }
    this.at += 1;
    return plain;
  }

  #literal<Value>(word: string, value: Value): Value {
    for (let index = 1; index < word.length; index += 1) {
      this.at += 1;
      if (this.#text[this.at] !== word[index]) {
        this.#fail(`in literal ${word} (expecting '${word[index]}')`);
      }
    }
    this.at += 1;
    return value;
  }

  #number(): JsonNumber {
    const from = this.at;
    if (this.#text[this.at] === "-") {
      this.at += 1;
    }
    if (this.#text[this.at] === "0") {
      this.at += 1;
    } else {
      this.#digits("in numeric literal");
    }
    if (this.#text[this.at] === ".") {
      this.at += 1;
      this.#digits("after decimal point in numeric literal");
    }
    if (this.#text[this.at] === "e" || this.#text[this.at] === "E") {
      this.at += 1;
      if (this.#text[this.at] === "+" || this.#text[this.at] === "-") {
        this.at += 1;
      }
      this.#digits("in exponent of numeric literal");
    }
    return { digits: this.#text.slice(from, this.at) };
  }

  #digits(context: string): void {
    if (!isDigit(this.#text[this.at])) {
      this.#fail(context);
    }
    while (isDigit(this.#text[this.at])) {
      this.at += 1;
    }
  }

  #fail(context: string): never {
    if (this.at >= this.#text.length) {
      throw new SyntaxProblem("unexpected EOF");
    }
    const char = String.fromCodePoint(this.#text.codePointAt(this.at) ?? 0);
    throw new SyntaxProblem(`invalid character ${quoted(char)} ${context} at offset ${this.#bytes(this.at + 1)}`);
  }

  /** Offsets are told in bytes. */
  #bytes(length: number): number {
    return Buffer.byteLength(this.#text.slice(0, length));
  }
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= "0" && char <= "9";
}

function quoted(char: string): string {
  if (char === "'") {
    return "'\\''";
  }
  if (char === '"') {
    return "'\"'";
  }
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) {
    const named: Readonly<Record<number, string>> = { 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };
    return `'${named[code] ?? `\\x${code.toString(16).padStart(2, "0")}`}'`;
  }
  return `'${char === "\\" ? "\\\\" : char}'`;
}
