/**
 * PubAcks as bytes: `{"stream":"S","seq":7}`, with `"domain"` between when there is one. The digits are written behind a prepared prefix
 * and the answer is a view on one buffer, so an acknowledgement allocates nothing (but for sequences beyond 2^53). A view is valid until the next call.
 */
import type { ApiError } from "./errors.ts";
import { printJson } from "./json/print.ts";
import type { WireSequences } from "./wire-sequences.ts";

const DIGITS_MAX = 20;
const CLOSE = 0x7d;
const ZERO = 0x30;

export class PublishAcks {
  readonly #name: string;
  readonly #sequences: WireSequences;
  readonly #prefix: string;
  readonly #plain: AckBuffer;
  readonly #duplicate: AckBuffer;

  constructor(name: string, domain: string | undefined, sequences: WireSequences) {
    this.#name = name;
    this.#sequences = sequences;
    const prefix = `{"stream":${printJson(name)},${domain === undefined ? "" : `"domain":${printJson(domain)},`}"seq":`;
    this.#prefix = prefix;
    this.#plain = new AckBuffer(prefix, "}", sequences);
    this.#duplicate = new AckBuffer(prefix, ',"duplicate": true}', sequences);
  }

  stored(sequence: number): Uint8Array {
    return this.#plain.write(sequence);
  }

  duplicate(sequence: number): Uint8Array {
    return this.#duplicate.write(sequence);
  }

  /** The one acknowledgement of a batch: the sequence of its last message. Rare enough to be made anew. */
  ofBatch(sequence: number, { id, count, isDuplicate = false }: { id: string; count: number; isDuplicate?: boolean }): Uint8Array {
    const duplicate = isDuplicate ? '"duplicate": true,' : "";
    return Buffer.from(`${this.#prefix}${this.#sequences.shown(sequence)},${duplicate}"batch":${printJson(id)},"count":${count}}`);
  }

  refused(error: ApiError): Uint8Array {
    return Buffer.from(printJson({ error, stream: this.#name, seq: 0 }));
  }
}

class AckBuffer {
  readonly #bytes: Uint8Array;
  readonly #prefixLength: number;
  readonly #suffix: Uint8Array;
  readonly #sequences: WireSequences;
  /** One view for each number of digits. */
  readonly #views: readonly Uint8Array[];

  constructor(prefix: string, suffix: string, sequences: WireSequences) {
    this.#sequences = sequences;
    const head = Buffer.from(prefix);
    this.#suffix = Buffer.from(suffix);
    this.#bytes = new Uint8Array(head.length + DIGITS_MAX + this.#suffix.length);
    this.#bytes.set(head);
    this.#prefixLength = head.length;
    const lengths = Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => head.length + digits + this.#suffix.length);
    this.#views = lengths.map((length) => this.#bytes.subarray(0, length));
  }

  write(sequence: number): Uint8Array {
    const digits = this.#sequences.isShifted ? this.#writeText(String(this.#sequences.shown(sequence))) : this.#writeDigits(sequence);
    const end = this.#prefixLength + digits;
    if (this.#suffix.length === 1) {
      this.#bytes[end] = CLOSE;
    } else {
      this.#bytes.set(this.#suffix, end);
    }
    return this.#views[digits] ?? this.#bytes;
  }

  #writeText(digits: string): number {
    for (let index = 0; index < digits.length; index += 1) {
      this.#bytes[this.#prefixLength + index] = digits.charCodeAt(index);
    }
    return digits.length;
  }

  #writeDigits(sequence: number): number {
    let digits = 1;
    for (let rest = sequence; rest >= 10; rest = Math.floor(rest / 10)) {
      digits += 1;
    }
    const end = this.#prefixLength + digits;
    let rest = sequence;
    for (let at = end - 1; at >= this.#prefixLength; at -= 1) {
      const higher = Math.floor(rest / 10);
      this.#bytes[at] = ZERO + (rest - higher * 10);
      rest = higher;
    }
    return digits;
  }
}
