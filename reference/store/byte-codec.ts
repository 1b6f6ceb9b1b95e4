/** Compact bytes for checkpoints and removal lists: varints, fixed 64-bit times, and length-prefixed bytes and texts. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** A whole number from 0 to 2^53. */
  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  time(ns: bigint): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigInt64(this.#length, ns, true);
    this.#length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What another writer made, as it is. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(text: string): void {
    this.bytes(encoder.encode(text));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length + bytes, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
  }
}

/** Reads what `ByteWriter` wrote; reading past the end throws a `RangeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  /** Steps over a field and says where its content begins; it ends at `at`. */
  skipBytes(): number {
    const length = this.number();
    this.#at += length;
    return this.#at - length;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) {
        throw new RangeError("the bytes end inside a number");
      }
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return value;
      }
      scale *= 0x80;
    }
  }

  time(): bigint {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const value = view.getBigInt64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.number();
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError("the bytes end inside a field");
    }
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  text(): string {
    return decoder.decode(this.bytes());
  }
}
