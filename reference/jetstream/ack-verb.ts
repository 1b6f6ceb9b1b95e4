/**
 * What an acknowledgement says. `+ACK`, `+OK` and `+WPI` are exact, `-NAK`, `+NXT` and `+TERM` are prefixes; an empty body
 * acknowledges, anything else says nothing (and is still answered).
 */
import { parseGoDuration } from "./go-duration.ts";
import { decodeJson } from "./json/decode.ts";
import { duration } from "./json/field-types.ts";

export type AckVerb = "ack" | "nak" | "progress" | "next" | "term" | "unknown";

const plus = 0x2b;
const minus = 0x2d;
const letter = { A: 0x41, C: 0x43, E: 0x45, I: 0x49, K: 0x4b, M: 0x4d, N: 0x4e, O: 0x4f, P: 0x50, R: 0x52, T: 0x54, W: 0x57, X: 0x58 };

/** The verb of `bytes[start, end)`. */
export function ackVerbOf(bytes: Uint8Array, start: number, end: number): AckVerb {
  const length = end - start;
  if (length === 0) {
    return "ack";
  }
  if (bytes[start] === minus) {
    return spells(bytes, start + 1, end, nak) ? "nak" : "unknown";
  }
  if (bytes[start] !== plus) {
    return "unknown";
  }
  const word = start + 1;
  if ((length === 4 && spells(bytes, word, end, ack)) || (length === 3 && spells(bytes, word, end, ok))) {
    return "ack";
  }
  if (length === 4 && spells(bytes, word, end, wpi)) {
    return "progress";
  }
  if (spells(bytes, word, end, nxt)) {
    return "next";
  }
  return spells(bytes, word, end, term) ? "term" : "unknown";
}

const ack = [letter.A, letter.C, letter.K];
const ok = [letter.O, letter.K];
const wpi = [letter.W, letter.P, letter.I];
const nxt = [letter.N, letter.X, letter.T];
const term = [letter.T, letter.E, letter.R, letter.M];
const nak = [letter.N, letter.A, letter.K];

function spells(bytes: Uint8Array, start: number, end: number, word: readonly number[]): boolean {
  if (end - start < word.length) {
    return false;
  }
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[start + index] !== word[index]) {
      return false;
    }
  }
  return true;
}

/** Text behind a verb of `verbLength` bytes, without the white space around it. */
export function ackArgument(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end)).trim();
}

const nakOptions = { struct: "ConsumerNakOptions", fields: { delay: duration } } as const;

/** Nanoseconds to wait before a redelivery; undefined is at once, also when the argument makes no sense. */
export function nakDelayNs(argument: string): number | undefined {
  if (argument === "") {
    return undefined;
  }
  if (!argument.startsWith("{")) {
    return parseGoDuration(argument);
  }
  const decoded = decodeJson(argument, nakOptions, { strict: false });
  return "invalid" in decoded ? undefined : Number(decoded.value.delay ?? 0);
}
