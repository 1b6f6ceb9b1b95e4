/**
 * The blank-separated arguments of PUB, HPUB, SUB and UNSUB, found in one pass.
 * Tokens are ranges into the scanned buffer; one object serves a connection.
 */
import { CR, LF, SPACE, TAB } from "./octets.ts";

/** HPUB has the most: subject, reply, header size, total size. One more shows that there were too many. */
const TOKENS_MAX = 5;
/** The official server refuses longer size texts, leading zeros included. */
const SIZE_DIGITS_MAX = 9;

export class ControlLine {
  readonly #ranges = new Int32Array(TOKENS_MAX * 2);
  /** May exceed what is kept; only the first tokens are. */
  count = 0;

  start(token: number): number {
    return this.#ranges[token * 2]!;
  }

  end(token: number): number {
    return this.#ranges[token * 2 + 1]!;
  }

  text(chunk: Buffer, token: number): string {
    return chunk.toString("latin1", this.#ranges[token * 2], this.#ranges[token * 2 + 1]);
  }

  /** The token as a size; -1 for anything that is not 1 to 9 digits. */
  size(chunk: Buffer, token: number): number {
    const start = this.#ranges[token * 2]!;
    const end = this.#ranges[token * 2 + 1]!;
    if (end - start < 1 || end - start > SIZE_DIGITS_MAX) {
      return -1;
    }
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = chunk[at]! - 0x30;
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /** Finds the tokens between `from` and the LF; returns where the LF is, -1 when the chunk ends before it. */
  scan(chunk: Buffer, from: number, end: number): number {
    const ranges = this.#ranges;
    const first = skipBlanks(chunk, from, end);
    let at = first;
    while (at < end && !isSeparator(chunk[at]!)) {
      at++;
    }
    ranges[0] = first;
    ranges[1] = at;
    this.count = at > first ? 1 : 0;
    // The first byte of an argument is never the end of its line, even when it is LF (nats-server 2.15.2).
    return this.#rest(chunk, at > first ? at : at + 1, end);
  }

  #rest(chunk: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const byte = chunk[at]!;
      if (byte === LF) {
        return at;
      }
      if (isSeparator(byte)) {
        at++;
        continue;
      }
      const start = at;
      do {
        at++;
      } while (at < end && !isSeparator(chunk[at]!));
      this.#add(start, at);
    }
    return -1;
  }

  #add(start: number, end: number): void {
    if (this.count < TOKENS_MAX) {
      this.#ranges[this.count * 2] = start;
      this.#ranges[this.count * 2 + 1] = end;
    }
    this.count++;
  }
}

function isSeparator(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === LF || byte === CR || byte === TAB);
}

export function skipBlanks(chunk: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (chunk[at] === SPACE || chunk[at] === TAB)) {
    at++;
  }
  return at;
}
