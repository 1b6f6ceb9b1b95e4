/**
 * Reads a PubAck in place: `{"stream":"S","seq":12}` with `"duplicate":true` or `"error":{…"err_code":10077…}`. Only the load driver reads
 * answers this way; a check would parse them.
 */
import type { MessageFrame } from "../../wire/parser.ts";

/** Re-used by the caller; valid until the next read. */
export interface PubAck {
  sequence: number;
  duplicate: boolean;
  /** undefined for an acknowledgement; `err_code`, `status-503`, or `unreadable` otherwise. */
  error: string | undefined;
}

const quote = 34;
const colon = 58;

export function readPubAck(frame: MessageFrame, into: PubAck): void {
  into.duplicate = false;
  into.error = undefined;
  into.sequence = 0;
  if (frame.headersEnd > frame.headersStart) {
    // A status line `NATS/1.0 503`: the code stands at a fixed place.
    into.error = `status-${frame.bytes.toString("latin1", frame.headersStart + 9, frame.headersStart + 12)}`;
    return;
  }
  scan(frame, into);
}

/** Keys are recognised by length and first letter, which no other key of a PubAck shares. */
function scan(frame: MessageFrame, into: PubAck): void {
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
      into.sequence = numberAt(bytes, value, payloadEnd);
    } else if (length === 5 && first === 101) {
      // "error"
      into.error = errorCodeOf(bytes.toString("utf8", payloadStart, payloadEnd));
      return;
    } else if (length === 9 && first === 100) {
      // "duplicate"; "dupl…" is the only key of nine letters.
      into.duplicate = bytes[value] === 116;
    }
    at = close;
  }
  if (into.sequence < 1) {
    into.error = "unreadable";
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

function numberAt(bytes: Buffer, from: number, end: number): number {
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) {
      break;
    }
    value = value * 10 + digit;
  }
  return value;
}

function errorCodeOf(text: string): string {
  return /"err_code"\s*:\s*(\d+)/.exec(text)?.[1] ?? "unreadable";
}
