/** The newest lines a server printed. Bounded in lines and line length; unprintable bytes are shown as escapes, so that garbage stays readable. */
import { StringDecoder } from "node:string_decoder";

const linesMax = 2000;
const lineLengthMax = 2000;

export class LogRing {
  readonly #lines: string[] = [];
  readonly #open = new Map<string, { decoder: StringDecoder; text: string }>();

  /** `source` keeps standard output and error apart, so that half lines of one never end up inside the other. */
  push(source: string, bytes: Buffer): void {
    let open = this.#open.get(source);
    if (open === undefined) {
      open = { decoder: new StringDecoder("utf8"), text: "" };
      this.#open.set(source, open);
    }
    const pieces = (open.text + open.decoder.write(bytes)).split("\n");
    open.text = pieces.pop() ?? "";
    for (const line of pieces) {
      this.#add(line);
    }
    if (open.text.length > lineLengthMax) {
      this.#add(open.text);
      open.text = "";
    }
  }

  /** A line of the tool's own, to tell the lives of a server apart. */
  note(text: string): void {
    this.#add(`-- ${text}`);
  }

  tail(lines: number): string[] {
    const unfinished = [...this.#open.values()].map(({ text }) => text).filter((text) => text !== "");
    return lines <= 0 ? [] : [...this.#lines, ...unfinished.map(printable)].slice(-lines);
  }

  #add(line: string): void {
    this.#lines.push(printable(line));
    if (this.#lines.length > linesMax) {
      this.#lines.splice(0, this.#lines.length - linesMax);
    }
  }
}

function printable(line: string): string {
  const cut = line.length > lineLengthMax ? `${line.slice(0, lineLengthMax)} … (${line.length} characters)` : line.replace(/\r$/, "");
  return cut.replaceAll(/[\p{Cc}\p{Cs}]/gu, (character) =>
    character === "\t" ? "\t" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
