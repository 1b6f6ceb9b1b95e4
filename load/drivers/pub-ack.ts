/**
 * Reads a PubAck in place: `{"stream":"S","seq":12}` with `"duplicate":true` or `"error":{…"err_code":10077…}`. Only the load driver reads
 * answers this way; a check would parse them.
 *
 * Acknowledgements of one stream differ in the sequence alone. What stood before the sequence of one that was read whole is remembered, and
 * an answer that begins the same and ends behind its digits needs no second look: it can hold neither a duplicate flag nor an error.
 */
import type { MessageFrame } from "../../wire/parser.ts";

const quote = 34;
const colon = 58;
const closingBrace = 125;

export class PubAckReader {
  sequence = 0;
  duplicate = false;
  /** undefined for an acknowledgement; `err_code`, `status-503`, or `unreadable` otherwise. */
  error: string | undefined;
  #head: Buffer = Buffer.alloc(0);
  /** Where the scan found the digits of the sequence. */
  #sequenceAt = 0;

  /** The fields hold what was read until the next call. */
  read(frame: MessageFrame): void {
    this.duplicate = false;
    this.error = undefined;
    this.sequence = this.#readKnown(frame);
    if (this.sequence > 0) {
      return;
    }
    if (frame.headersEnd > frame.headersStart) {
      // A status line `NATS/1.0 503`: the code stands at a fixed place.
      this.error = `status-${frame.bytes.toString("latin1", frame.headersStart + 9, frame.headersStart + 12)}`;
      return;
    }
    this.#scan(frame);
    this.#remember(frame);
  }

  /** The sequence of an answer that begins as remembered and holds nothing behind it; otherwise 0. */
  #readKnown(frame: MessageFrame): number {
    const { bytes, payloadStart, payloadEnd } = frame;
    const head = this.#head;
    const size = head.length;
    const last = payloadEnd - 1;
    if (size === 0 || payloadStart + size >= last || frame.headersEnd > frame.headersStart || bytes[last] !== closingBrace) {
      return 0;
    }
    for (let index = 0; index < size; index++) {
      if (bytes[payloadStart + index] !== head[index]) {
        return 0;
      }
    }
    const from = payloadStart + size;
    return digitsEnd(bytes, from, last) === last ? numberOf(bytes, from, last) : 0;
  }

  /** Keys are recognised by length and first letter, which no other key of a PubAck shares. */
  #scan(frame: MessageFrame): void {
    const { bytes, payloadStart, payloadEnd } = frame;
    for (let at = payloadStart; at < payloadEnd; at++) {
      if (bytes[at] !== quote) {
        continue;
      }
      let close = at + 1;
      while (close < payloadEnd && bytes[close] !== quote) {
        close++;
      }
      const after = skipBlanks(bytes, close + 1);
      if (bytes[after] !== colon) {
        at = close;
        continue;
      }
      const value = skipBlanks(bytes, after + 1);
      const first = bytes[at + 1];
      const length = close - at - 1;
      // "seq"
      if (length === 3 && first === 115) {
        this.#sequenceAt = value;
        this.sequence = numberOf(bytes, value, digitsEnd(bytes, value, payloadEnd));
      } else if (length === 5 && first === 101) {
        // "error"
        this.error = errorCodeOf(bytes.toString("utf8", payloadStart, payloadEnd));
        return;
      } else if (length === 9 && first === 100) {
        // "duplicate"; "dupl…" is the only key of nine letters.
        this.duplicate = bytes[value] === 116;
      }
      at = close;
    }
    if (this.sequence < 1) {
      this.error = "unreadable";
    }
  }

  #remember({ bytes, payloadStart, payloadEnd }: MessageFrame): void {
    if (this.error !== undefined || this.duplicate) {
      return;
    }
    const at = this.#sequenceAt;
    // Where another key follows the sequence, remembering would help nobody.
    if (bytes[payloadEnd - 1] === closingBrace && digitsEnd(bytes, at, payloadEnd) === payloadEnd - 1) {
      this.#head = Buffer.from(bytes.subarray(payloadStart, at));
    }
  }
}

/** JSON allows them around the colon. The frame's own CR LF ends the loop at the latest. */
function skipBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 9) {
    at++;
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) {
    at++;
  }
  return at;
}

function numberOf(bytes: Buffer, from: number, end: number): number {
  let value = 0;
  for (let at = from; at < end; at++) {
    value = value * 10 + bytes[at]! - 48;
  }
  return value;
}

function errorCodeOf(text: string): string {
  return /"err_code"\s*:\s*(\d+)/.exec(text)?.[1] ?? "unreadable";
}
