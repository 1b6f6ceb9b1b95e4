/**
 * The subject that acknowledges a delivery, and carries everything the server needs to know about it:
 *
 *   $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time ns>.<pending>
 *
 * Both directions work on bytes: a delivery or an acknowledgement makes no string, unless the stream's sequences are beyond 2^53.
 */
import type { WireSequences } from "./wire-sequences.ts";

const dot = 0x2e;
const zero = 0x30;
const fractionDigits = 9;
/** Five numbers of at most 20 digits, with their dots. */
const numbersMax = 105;

export interface AckNumbers {
  deliveries: number;
  streamSequence: number;
  consumerSequence: number;
}

export class AckSubjectWriter {
  readonly #buffer: Uint8Array;
  readonly #prefixLength: number;
  readonly #sequences: WireSequences;
  /** One view for each length, so that the common case allocates nothing. */
  readonly #views: Uint8Array[] = [];
  #timeNs = -1n;
  /** Nanoseconds of `#timeNs` behind its last whole second. */
  #fraction = 0;
  readonly #time = new Uint8Array(20);
  #timeLength = 0;

  constructor(stream: string, consumer: string, sequences: WireSequences) {
    this.#sequences = sequences;
    const prefix = new TextEncoder().encode(`${ackPrefix(stream, consumer)}.`);
    this.#prefixLength = prefix.length;
    this.#buffer = new Uint8Array(prefix.length + numbersMax);
    this.#buffer.set(prefix);
  }

  /** The bytes are valid until the next call. */
  write(numbers: AckNumbers, timeNs: bigint, pending: number): Uint8Array {
    if (timeNs !== this.#timeNs) {
      this.#formatTime(timeNs);
    }
    const buffer = this.#buffer;
    let at = writeNumber(buffer, this.#prefixLength, numbers.deliveries);
    buffer[at] = dot;
    at = this.#sequences.isShifted
      ? writeText(buffer, at + 1, String(this.#sequences.shown(numbers.streamSequence)))
      : writeNumber(buffer, at + 1, numbers.streamSequence);
    buffer[at] = dot;
    at = writeNumber(buffer, at + 1, numbers.consumerSequence);
    buffer[at] = dot;
    at += 1;
    const time = this.#time;
    for (let index = 0; index < this.#timeLength; index += 1) {
      buffer[at] = time[index] ?? zero;
      at += 1;
    }
    buffer[at] = dot;
    at = writeNumber(buffer, at + 1, pending);
    return this.#view(at);
  }

  #view(length: number): Uint8Array {
    const known = this.#views[length];
    if (known !== undefined) {
      return known;
    }
    const view = this.#buffer.subarray(0, length);
    this.#views[length] = view;
    return view;
  }

  /** Messages follow each other inside a second: then only the last nine digits change, and two divisions of big integers are spared. */
  #formatTime(timeNs: bigint): void {
    const fraction = this.#fraction + Number(timeNs - this.#timeNs);
    if (this.#timeLength > fractionDigits && fraction >= 0 && fraction < 1_000_000_000) {
      this.#timeNs = timeNs;
      this.#fraction = fraction;
      writeDigits(this.#time, this.#timeLength - fractionDigits, this.#timeLength, fraction);
    } else {
      this.#formatWhole(timeNs);
    }
  }

  #formatWhole(timeNs: bigint): void {
    this.#timeNs = timeNs;
    const whole = Number(timeNs / 1_000_000_000n);
    this.#fraction = Number(timeNs % 1_000_000_000n);
    if (whole === 0) {
      this.#timeLength = writeNumber(this.#time, 0, this.#fraction);
      return;
    }
    this.#timeLength = writeNumber(this.#time, 0, whole) + fractionDigits;
    writeDigits(this.#time, this.#timeLength - fractionDigits, this.#timeLength, this.#fraction);
  }
}

/** Without the dot at the end. */
export function ackPrefix(stream: string, consumer: string): string {
  return `$JS.ACK.${stream}.${consumer}`;
}

/** Writes decimal digits at `at` and returns the position behind them. */
function writeNumber(into: Uint8Array, at: number, value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) {
    length += 1;
  }
  let rest = value;
  let index = at + length - 1;
  // Integer arithmetic is several times faster below 2^31, where nearly all values are.
  for (; rest >= 0x7fffffff; index -= 1) {
    const quotient = Math.floor(rest / 10);
    into[index] = zero + (rest - quotient * 10);
    rest = quotient;
  }
  writeDigits(into, at, index + 1, rest);
  return at + length;
}

/** Fills `into[start..end)` with the last digits of a value below 2^31, two at a time. */
function writeDigits(into: Uint8Array, start: number, end: number, value: number): void {
  let rest = value;
  let at = end - 1;
  for (; at > start; at -= 2) {
    const quotient = (rest / 100) | 0;
    const pair = rest - quotient * 100;
    const tens = (pair * 205) >>> 11;
    into[at - 1] = zero + tens;
    into[at] = zero + pair - tens * 10;
    rest = quotient;
  }
  if (at === start) {
    into[at] = zero + (rest % 10);
  }
}

function writeText(into: Uint8Array, at: number, digits: string): number {
  for (let index = 0; index < digits.length; index += 1) {
    into[at + index] = digits.charCodeAt(index);
  }
  return at + digits.length;
}

function textOf(subject: Uint8Array, start: number, end: number): string {
  return Buffer.from(subject.subarray(start, end)).toString("latin1");
}

/** The numbers of an acknowledgement's subject, `bytes[start..end)` behind prefix and dot. */
export interface AckRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** False when there are not exactly five numbers. */
export function readAckSubject({ bytes, start, end }: AckRange, into: AckNumbers, sequences: WireSequences): boolean {
  let field = 0;
  let value = 0;
  let digits = 0;
  for (let at = start; at <= end; at += 1) {
    const byte = at === end ? dot : (bytes[at] ?? dot);
    if (byte !== dot) {
      if (byte < zero || byte > zero + 9) {
        return false;
      }
      value = value * 10 + (byte - zero);
      digits += 1;
      continue;
    }
    if (digits === 0) {
      return false;
    }
    if (field === 0) {
      into.deliveries = value;
    } else if (field === 1) {
      into.streamSequence = sequences.isShifted ? sequences.given(BigInt(textOf(bytes, at - digits, at))) : value;
    } else if (field === 2) {
      into.consumerSequence = value;
    }
    field += 1;
    value = 0;
    digits = 0;
  }
  return field === 5;
}
