/**
 * NATS message headers (ADR-4): `NATS/1.0[ status[ description]]`, then `Name: value` lines, then a blank line. Names keep their case and
 * are looked up exactly, values keep their order, one name may stand several times.
 */
import { WireError } from "./errors.ts";

export interface Status {
  readonly code: number;
  readonly description: string;
}

type HeaderInit = Iterable<readonly [string, string]> | Readonly<Record<string, string | readonly string[]>>;

const versionLine = "NATS/1.0";

export class Headers {
  readonly #entries: [string, string][] = [];
  /** Set on messages that the server itself sends (503, 404, 408, 409, 100 …). */
  status: Status | undefined;

  constructor(init: HeaderInit = {}) {
    if (Symbol.iterator in init) {
      for (const [name, value] of init as Iterable<readonly [string, string]>) {
        this.append(name, value);
      }
      return;
    }
    for (const [name, values] of Object.entries(init)) {
      for (const value of typeof values === "string" ? [values] : values) {
        this.append(name, value);
      }
    }
  }

  /** Reads a header block, blank line included. Throws `WIRE_PROTOCOL` for a block that is not one. */
  static parse(block: Uint8Array): Headers {
    const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString("utf8");
    const [first = "", ...lines] = text.split("\r\n");
    const headers = new Headers();
    headers.status = parseStatus(first);
    if (lines.length < 2 || lines.at(-1) !== "" || lines.at(-2) !== "") {
      throw new WireError("WIRE_PROTOCOL", `header block does not end with a blank line: ${JSON.stringify(cut(text))}`);
    }
    for (const line of lines.slice(0, -2)) {
      headers.#entries.push(parseLine(line));
    }
    return headers;
  }

  append(name: string, value: string): this {
    checkField(name, value);
    this.#entries.push([name, value]);
    return this;
  }

  /** Replaces every value of this name. */
  set(name: string, value: string): this {
    return this.delete(name).append(name, value);
  }

  delete(name: string): this {
    const kept = this.#entries.filter(([other]) => other !== name);
    this.#entries.splice(0, this.#entries.length, ...kept);
    return this;
  }

  /** The first value of this name. */
  get(name: string): string | undefined {
    return this.#entries.find(([other]) => other === name)?.[1];
  }

  values(name: string): string[] {
    return this.#entries.filter(([other]) => other === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#entries.some(([other]) => other === name);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Every name with its values, in the order of first appearance. */
  toRecord(): Record<string, string[]> {
    const values = Map.groupBy(this.#entries, ([name]) => name);
    return Object.fromEntries([...values].map(([name, entries]) => [name, entries.map(([, value]) => value)]));
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#entries.map(([name, value]): [string, string] => [name, value])[Symbol.iterator]();
  }

  encode(): Uint8Array {
    const status = this.status === undefined ? "" : ` ${this.status.code} ${this.status.description}`.trimEnd();
    const lines = this.#entries.map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(`${versionLine}${status}\r\n${lines.join("")}\r\n`, "utf8");
  }
}

function parseStatus(line: string): Status | undefined {
  if (!line.startsWith(versionLine)) {
    throw new WireError("WIRE_PROTOCOL", `header block begins with ${JSON.stringify(cut(line))}, not with ${versionLine}`);
  }
  const rest = line.slice(versionLine.length).trim();
  if (rest === "") {
    return undefined;
  }
  const match = /^(\d+)(?:\s+(.*))?$/.exec(rest);
  if (match === null) {
    throw new WireError("WIRE_PROTOCOL", `header status is not a number: ${JSON.stringify(cut(line))}`);
  }
  return { code: Number(match[1]), description: match[2] ?? "" };
}

function parseLine(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon <= 0) {
    throw new WireError("WIRE_PROTOCOL", `header line without a name: ${JSON.stringify(cut(line))}`);
  }
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function checkField(name: string, value: string): void {
  if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name)) {
    throw new WireError("WIRE_ARGUMENT_INVALID", `header name ${JSON.stringify(name)}: printable ASCII without colon or space is needed`);
  }
  if (/[\r\n]/.test(value)) {
    throw new WireError("WIRE_ARGUMENT_INVALID", `header ${name}: a value can't hold a line break; send such a block as raw bytes`);
  }
}

function cut(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
