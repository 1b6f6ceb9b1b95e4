/**
 * nats-server's configuration language: maps of keys and values with `=`, `:` or nothing between them, comments with `#` and `//`, arrays,
 * strings with and without quotes, numbers with size suffixes, `$VARIABLES` and includes. JSON is a special case of it.
 */

import { ConfScanner } from "./conf-scanner.ts";
import type { ConfArray, ConfEntry, ConfMap, ConfValue } from "./conf-value.ts";
import { bareValue } from "./conf-word.ts";
import { ConfigError } from "./config-error.ts";

export interface ConfSources {
  /** The text of an included file; throws with the reason when there is none. */
  read(file: string): string;
  /** The path of `name` seen from `file`: always below the including file's folder, absolute names too. */
  resolve(file: string, name: string): string;
  environment(name: string): string | undefined;
}

const INCLUDE_DEPTH_MAX = 16;
const NESTING_MAX = 64;

/** The maps around the current place, innermost last: where variables are looked up. */
type Scopes = readonly Map<string, ConfEntry>[];

export function parseConf(text: string, file: string, sources: ConfSources): ConfMap {
  const entries = new Map<string, ConfEntry>();
  new FileParser(text, file, sources, 0).file([entries]);
  return { kind: "map", value: entries, place: { file, line: 1, column: 1 } };
}

class FileParser {
  readonly #scanner: ConfScanner;
  readonly #sources: ConfSources;
  readonly #depth: number;
  #nesting = 0;

  constructor(text: string, file: string, sources: ConfSources, depth: number) {
    this.#scanner = new ConfScanner(text, file);
    this.#sources = sources;
    this.#depth = depth;
  }

  /** A whole file, which may stand in braces. */
  file(scopes: Scopes): void {
    const scanner = this.#scanner;
    scanner.skipLines();
    if (scanner.peek() === "{") {
      scanner.next();
      this.#entries(scopes, true);
      scanner.skipLines();
    } else {
      this.#entries(scopes, false);
    }
    // A stray closing brace at the end is tolerated, as in the official parser.
    scanner.skipLines("}");
    if (!scanner.isAtEnd) {
      scanner.fail(`expected the end of the file, found ${scanner.found}`);
    }
  }

  #entries(scopes: Scopes, inBraces: boolean): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipLines(",;");
      if (scanner.peek() === "}") {
        if (inBraces) {
          scanner.next();
        }
        return;
      }
      if (scanner.isAtEnd) {
        return inBraces ? scanner.fail("expected } before the end of the file") : undefined;
      }
      this.#entry(scopes, inBraces);
    }
  }

  #entry(scopes: Scopes, inBraces: boolean): void {
    const scanner = this.#scanner;
    const place = scanner.place;
    const isQuoted = scanner.peek() === '"' || scanner.peek() === "'";
    const key = isQuoted ? scanner.quoted() : scanner.word("=:");
    if (key === "") {
      scanner.fail(`expected a key, found ${scanner.found}`);
    }
    scanner.skipBlanks();
    if (!isQuoted && key === "include" && scanner.peek() !== ":" && scanner.peek() !== "=") {
      this.#include(scopes);
      return;
    }
    this.#separator(key, inBraces);
    const value = this.#value(scopes, ",;}");
    const map = scopes.at(-1)!;
    const name = key.toLowerCase();
    const known = map.get(name);
    if (known !== undefined && known.place.file === place.file) {
      scanner.fail(`"${key}" is set twice, first on line ${known.place.line}`, place);
    }
    map.set(name, { key, value, place, isVariable: false });
    this.#entryEnd(key);
  }

  #separator(key: string, inBraces: boolean): void {
    const scanner = this.#scanner;
    scanner.skipLines();
    if (scanner.peek() !== "=" && scanner.peek() !== ":") {
      return;
    }
    scanner.next();
    scanner.skipBlanks();
    if (scanner.peek() === "\n" && !inBraces) {
      scanner.fail(`expected a value for "${key}" on the same line`);
    }
    scanner.skipLines();
  }

  #entryEnd(key: string): void {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    if (!scanner.isAtEnd && !"\n,;}".includes(scanner.peek())) {
      scanner.fail(`expected a new line, "," or ";" after the value of "${key}", found ${scanner.found}`);
    }
  }

  #value(scopes: Scopes, ends: string): ConfValue {
    const scanner = this.#scanner;
    const place = scanner.place;
    switch (scanner.peek()) {
      case "{":
      case "[":
        return this.#nested(scopes);
      case '"':
      case "'":
        return { kind: "string", value: scanner.quoted(), place };
      case "(":
        return { kind: "string", value: scanner.block(), place };
      default:
        return this.#word(scopes, ends);
    }
  }

  #nested(scopes: Scopes): ConfValue {
    const scanner = this.#scanner;
    const place = scanner.place;
    if (this.#nesting >= NESTING_MAX) {
      scanner.fail(`maps and arrays nested deeper than ${NESTING_MAX}`);
    }
    this.#nesting++;
    const value = scanner.next() === "{" ? this.#map(scopes, place) : this.#array(scopes, place);
    this.#nesting--;
    return value;
  }

  #map(scopes: Scopes, place: ConfMap["place"]): ConfMap {
    const entries = new Map<string, ConfEntry>();
    this.#entries([...scopes, entries], true);
    return { kind: "map", value: entries, place };
  }

  #array(scopes: Scopes, place: ConfArray["place"]): ConfArray {
    const scanner = this.#scanner;
    const values: ConfValue[] = [];
    for (;;) {
      scanner.skipLines();
      if (scanner.peek() === "]") {
        scanner.next();
        return { kind: "array", value: values, place };
      }
      if (scanner.isAtEnd || scanner.peek() === ",") {
        scanner.fail(`expected a value or ], found ${scanner.found}`);
      }
      values.push(this.#value(scopes, ",]"));
      scanner.skipBlanks();
      if (scanner.peek() === ",") {
        scanner.next();
      } else if (scanner.peek() !== "\n" && scanner.peek() !== "]") {
        scanner.fail(`expected "," or ] in the array, found ${scanner.found}`);
      }
    }
  }

  #word(scopes: Scopes, ends: string): ConfValue {
    const scanner = this.#scanner;
    const place = scanner.place;
    const word = scanner.word(ends);
    if (word === "") {
      scanner.fail(`expected a value, found ${scanner.found}`);
    }
    // `$2a$…` is a bcrypt hash and stays as it is.
    if (word.startsWith("$") && !word.startsWith("$2a$")) {
      return this.#variable(word.slice(1), scopes, place);
    }
    const value = bareValue(word, place);
    return typeof value === "string" ? scanner.fail(value, place) : value;
  }

  #variable(name: string, scopes: Scopes, place: ConfValue["place"]): ConfValue {
    const scanner = this.#scanner;
    for (const scope of scopes.toReversed()) {
      const entry = scope.get(name.toLowerCase());
      if (entry !== undefined) {
        entry.isVariable = true;
        return { ...entry.value, place };
      }
    }
    const text = this.#sources.environment(name);
    if (text === undefined) {
      scanner.fail(`variable reference for '${name}' can not be found`, place);
    }
    if (this.#depth >= INCLUDE_DEPTH_MAX) {
      scanner.fail(`variable '${name}' refers to itself`, place);
    }
    const entries = new Map<string, ConfEntry>();
    new FileParser(`v = ${text}\n`, scanner.file, this.#sources, this.#depth + 1).file([entries]);
    const value = entries.get("v")?.value;
    return value === undefined ? scanner.fail(`the environment's ${name} is no value`, place) : { ...value, place };
  }

  #include(scopes: Scopes): void {
    const scanner = this.#scanner;
    const place = scanner.place;
    const name = scanner.peek() === '"' || scanner.peek() === "'" ? scanner.quoted() : scanner.word(",;}");
    const file = this.#sources.resolve(scanner.file, name);
    if (this.#depth >= INCLUDE_DEPTH_MAX) {
      scanner.fail(`includes nested deeper than ${INCLUDE_DEPTH_MAX}`, place);
    }
    let text: string;
    try {
      text = this.#sources.read(file);
    } catch (error) {
      throw new ConfigError(`can't read the included file "${name}": ${error instanceof Error ? error.message : String(error)}`, place);
    }
    new FileParser(text, file, this.#sources, this.#depth + 1).file(scopes);
    this.#entryEnd("include");
  }
}
