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

/** A number as it stands in the buffer. */
interface Field {
  value: number;
  end: number;
  /** Numbers from `least` to below `bound` have as many digits. */
  least: number;
  bound: number;
}

/**
 * Deliveries follow each other: a sequence is one more, the time a little later, and few digits differ from the subject before. As long as
 * every number keeps its length only those digits are written, which takes a third of the time of writing all.
 */
export class AckSubjectWriter {
  readonly #buffer: Uint8Array;
  readonly #prefixLength: number;
  readonly #sequences: WireSequences;
  /** One view for each length, so that the common case allocates nothing. */
  readonly #views: Uint8Array[] = [];
  readonly #streamSequence = noField();
  readonly #consumerSequence = noField();
  readonly #pending = noField();
  #deliveries = -1;
  #timeNs = 0n;
  /** Nanoseconds of `#timeNs` behind its last whole second, and where they end. */
  #fraction = 0;
  #fractionEnd = 0;

  constructor(stream: string, consumer: string, sequences: WireSequences) {
    this.#sequences = sequences;
    const prefix = new TextEncoder().encode(`${ackPrefix(stream, consumer)}.`);
    this.#prefixLength = prefix.length;
    this.#buffer = new Uint8Array(prefix.length + numbersMax);
    this.#buffer.set(prefix);
  }

  /** The bytes are valid until the next call. */
  write({ deliveries, streamSequence, consumerSequence }: AckNumbers, timeNs: bigint, pending: number): Uint8Array {
    const fraction = this.#fraction + Number(timeNs - this.#timeNs);
    const isAlike =
      deliveries === this.#deliveries &&
      fits(this.#streamSequence, streamSequence) &&
      fits(this.#consumerSequence, consumerSequence) &&
      fits(this.#pending, pending) &&
      fraction >= 0 &&
      fraction < 1_000_000_000;
    if (!isAlike) {
      return this.#writeAll({ deliveries, streamSequence, consumerSequence }, timeNs, pending);
    }
    const buffer = this.#buffer;
    change(buffer, this.#streamSequence, streamSequence);
    change(buffer, this.#consumerSequence, consumerSequence);
    change(buffer, this.#pending, pending);
    changeDigits(buffer, this.#fractionEnd, this.#fraction, fraction);
    this.#fraction = fraction;
    this.#timeNs = timeNs;
    return this.#view(this.#pending.end);
  }

  #writeAll(numbers: AckNumbers, timeNs: bigint, pending: number): Uint8Array {
    const buffer = this.#buffer;
    const shown = String(this.#sequences.shown(numbers.streamSequence));
    const time = String(timeNs);
    let at = writeText(buffer, this.#prefixLength, `${numbers.deliveries}.${shown}`);
    keep(this.#streamSequence, numbers.streamSequence, at);
    at = writeText(buffer, at, `.${numbers.consumerSequence}`);
    keep(this.#consumerSequence, numbers.consumerSequence, at);
    at = writeText(buffer, at, `.${time}`);
    this.#timeNs = timeNs;
    this.#fraction = Number(timeNs % 1_000_000_000n);
    this.#fractionEnd = at;
    at = writeText(buffer, at, `.${pending}`);
    keep(this.#pending, pending, at);
    // What can't be changed digit by digit is written anew the next time, too.
    this.#deliveries = this.#sequences.isShifted || time.length <= fractionDigits ? -1 : numbers.deliveries;
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
}

function noField(): Field {
  return { value: 0, end: 0, least: 0, bound: 0 };
}

/** Integer arithmetic is several times faster below 2^31, where nearly all values are; larger ones fit nothing. */
function fits({ least, bound }: Field, value: number): boolean {
  return value >= least && value < bound && value < 0x7fffffff;
}

function keep(field: Field, value: number, end: number): void {
  field.value = value;
  field.end = end;
  field.bound = 10;
  while (field.bound <= value) {
    field.bound *= 10;
  }
  field.least = field.bound === 10 ? 0 : field.bound / 10;
  if (value >= 0x7fffffff) {
    field.bound = 0;
  }
}

function change(into: Uint8Array, field: Field, value: number): void {
  changeDigits(into, field.end, field.value, value);
  field.value = value;
}

/** The digits of `before` end at `end`; those of `value` take their place. Both are below 2^31. */
function changeDigits(into: Uint8Array, end: number, before: number, value: number): void {
  let old = before;
  let rest = value;
  for (let at = end - 1; rest !== old; at -= 1) {
    const quotient = (rest / 10) | 0;
    into[at] = zero + rest - quotient * 10;
    rest = quotient;
    old = (old / 10) | 0;
  }
}

/** Without the dot at the end. */
export function ackPrefix(stream: string, consumer: string): string {
  return `$JS.ACK.${stream}.${consumer}`;
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
