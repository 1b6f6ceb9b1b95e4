/** The characters of one configuration file, with the place of each, and the small pieces of the language: blanks, comments, strings. */
import { ConfigError, type ConfigPlace } from "./config-error.ts";

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", '"': '"', "\\": "\\" };

export class ConfScanner {
  readonly file: string;
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.file = file;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get place(): ConfigPlace {
    return { file: this.file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? "";
  }

  next(): string {
    const char = this.peek();
    this.#at++;
    if (char === "\n") {
      this.#line++;
      this.#lineStart = this.#at;
    }
    return char;
  }

  fail(text: string, place = this.place): never {
    throw new ConfigError(text, place);
  }

  /** What stands here, for an error text. */
  get found(): string {
    if (this.isAtEnd) {
      return "the end of the file";
    }
    return this.peek() === "\n" ? "a new line" : `'${this.peek()}'`;
  }

  /** Spaces, tabs and a comment, but no line end. */
  skipBlanks(): void {
    while (this.peek() === " " || this.peek() === "\t" || this.peek() === "\r") {
      this.next();
    }
    if (this.peek() === "#" || (this.peek() === "/" && this.peek(1) === "/")) {
      while (!this.isAtEnd && this.peek() !== "\n") {
        this.next();
      }
    }
  }

  /** Also line ends, and the `,` and `;` that may stand between entries when `separators` says so. */
  skipLines(separators = ""): void {
    this.skipBlanks();
    while (this.peek() === "\n" || (this.peek() !== "" && separators.includes(this.peek()))) {
      this.next();
      this.skipBlanks();
    }
  }

  /** Up to whitespace or one of `ends`. */
  word(ends: string): string {
    let word = "";
    while (!this.isAtEnd && !/\s/.test(this.peek()) && !ends.includes(this.peek())) {
      word += this.next();
    }
    return word;
  }

  /** `"…"` with escapes, or `'…'` as it stands. */
  quoted(): string {
    const start = this.place;
    const quote = this.next();
    let text = "";
    while (this.peek() !== quote) {
      if (this.isAtEnd) {
        this.fail(`the string that begins here has no closing ${quote}`, start);
      }
      text += quote === '"' && this.peek() === "\\" ? this.#escape() : this.next();
    }
    this.next();
    return text;
  }

  /** `(` … `)`: everything up to a line that holds only the closing parenthesis. */
  block(): string {
    const start = this.place;
    this.next();
    const lines: string[] = [];
    let line = "";
    for (;;) {
      if (this.isAtEnd) {
        this.fail("the block that begins here has no ) on a line of its own", start);
      }
      const char = this.next();
      if (char === "\n") {
        lines.push(line);
        line = "";
      } else if (char === ")" && line.trim() === "") {
        return lines.join("\n").replace(/^\n/, "");
      } else {
        line += char;
      }
    }
  }

  #escape(): string {
    const place = this.place;
    this.next();
    const char = this.next();
    if (char === "x") {
      const code = this.next() + this.next();
      return /^[0-9a-fA-F]{2}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 16)) : this.fail(`bad escape \\x${code}`, place);
    }
    return ESCAPES[char] ?? this.fail(`unknown escape \\${char}; known are \\xHH \\t \\n \\r \\" \\\\`, place);
  }
}
