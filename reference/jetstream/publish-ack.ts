/**
 * PubAcks as bytes: `{"stream":"S","seq":7}`, with `"domain"` between when there is one. The digits are written behind a prepared prefix
 * and the answer is a view on one buffer, so an acknowledgement allocates nothing. A view is valid until the next call.
 */
import type { ApiError } from "./errors.ts";
import { printJson } from "./json/print.ts";

const DIGITS_MAX = 16;
const CLOSE = 0x7d;
const ZERO = 0x30;

export class PublishAcks {
  readonly #name: string;
  readonly #prefix: string;
  readonly #plain: AckBuffer;
  readonly #duplicate: AckBuffer;

  constructor(name: string, domain: string | undefined) {
    this.#name = name;
    const prefix = `{"stream":${printJson(name)},${domain === undefined ? "" : `"domain":${printJson(domain)},`}"seq":`;
    this.#prefix = prefix;
    this.#plain = new AckBuffer(prefix, "}");
    this.#duplicate = new AckBuffer(prefix, ',"duplicate": true}');
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
    return Buffer.from(`${this.#prefix}${sequence},${duplicate}"batch":${printJson(id)},"count":${count}}`);
  }

  refused(error: ApiError): Uint8Array {
    return Buffer.from(printJson({ error, stream: this.#name, seq: 0 }));
  }
}

class AckBuffer {
  readonly #bytes: Uint8Array;
  readonly #prefixLength: number;
  readonly #suffix: Uint8Array;
  /** One view for each number of digits. */
  readonly #views: readonly Uint8Array[];

  constructor(prefix: string, suffix: string) {
    const head = Buffer.from(prefix);
    this.#suffix = Buffer.from(suffix);
    this.#bytes = new Uint8Array(head.length + DIGITS_MAX + this.#suffix.length);
    this.#bytes.set(head);
    this.#prefixLength = head.length;
    const lengths = Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => head.length + digits + this.#suffix.length);
    this.#views = lengths.map((length) => this.#bytes.subarray(0, length));
  }

  write(sequence: number): Uint8Array {
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
    if (this.#suffix.length === 1) {
      this.#bytes[end] = CLOSE;
    } else {
      this.#bytes.set(this.#suffix, end);
    }
    return this.#views[digits] ?? this.#bytes;
  }
}
