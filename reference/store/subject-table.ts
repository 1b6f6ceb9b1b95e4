/**
 * The subjects on which a stream holds messages, numbered from 1. Their bytes, and first, last and count of each, are columns, so that a
 * stream with a million subjects holds no object per subject; the objects that others see are made when somebody asks, and the last few
 * thousand are kept.
 *
 * Numbers are reused when the last message of a subject goes; `generationOf` tells two tenants of one number apart.
 */
import { ByteStrings } from "./byte-strings.ts";
import type { Subject } from "./stream-store.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const objectsMax = 8192;
const textsMax = 4096;
const twoTo32 = 0x1_0000_0000;
/** As much of a generation as fits beside a number. */
const generationMask = 0xf_ffff;

class StoredSubject implements Subject {
  readonly bytes: Uint8Array;
  #text: string | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get text(): string {
    this.#text ??= decoder.decode(this.bytes);
    return this.#text;
  }
}

export class SubjectTable {
  first = new Float64Array(8);
  last = new Float64Array(8);
  count = new Uint32Array(8);
  generation = new Uint32Array(8);
  #strings = new ByteStrings();
  /** By the lower bits of the number; the number itself tells whose object it is. */
  #objects: (Subject | undefined)[] = [];
  #objectNumbers = new Uint32Array(8);
  /** Text → number + generation * 2^32. */
  readonly #texts = new Map<string, number>();
  // Publishers tend to repeat a subject; one remembered pair spares most look-ups.
  #recent: Subject | undefined;
  #recentNumber = 0;

  /** How many subjects hold messages. */
  get size(): number {
    return this.#strings.size;
  }

  /** Numbers in use are below this. */
  get limit(): number {
    return this.#strings.limit;
  }

  numberOf(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      const number = known % twoTo32;
      if (((this.generation[number] ?? 0) & generationMask) === Math.floor(known / twoTo32)) {
        return number;
      }
      this.#texts.delete(text);
    }
    const number = this.#strings.find(encoder.encode(text)) || this.#findUndecodable(text);
    if (number !== 0) {
      if (this.#texts.size >= textsMax) {
        this.#texts.clear();
      }
      this.#texts.set(text, number + ((this.generation[number] ?? 0) & generationMask) * twoTo32);
    }
    return number;
  }

  subjectAt(number: number): Subject | undefined {
    const slot = number & (this.#objectNumbers.length - 1);
    if (this.#objectNumbers[slot] === number && number !== 0) {
      return this.#objects[slot];
    }
    if (!this.#strings.has(number)) {
      return undefined;
    }
    const subject = new StoredSubject(this.#strings.at(number).slice());
    this.#keep(number, subject);
    return subject;
  }

  generationOf(number: number): number {
    return this.generation[number] ?? 0;
  }

  claim(subject: Subject): number {
    if (subject === this.#recent) {
      return this.#recentNumber;
    }
    const number = this.claimBytes(subject.bytes);
    this.#keep(number, subject);
    this.#recent = subject;
    this.#recentNumber = number;
    return number;
  }

  /** As `claim`, for somebody who has no object: `bytes[start .. end)`, copied. */
  claimBytes(bytes: Uint8Array, start = 0, end = bytes.length): number {
    const number = this.#strings.claim(bytes, start, end);
    if (this.#strings.isNew) {
      this.#begin(number);
    }
    return number;
  }

  release(number: number): void {
    if (!this.#strings.has(number)) {
      throw new Error(`subject number ${number} is not in use`);
    }
    this.#strings.remove(number);
    this.generation[number] = ((this.generation[number] ?? 0) + 1) & 0x3fff_ffff;
    const slot = number & (this.#objectNumbers.length - 1);
    if (this.#objectNumbers[slot] === number) {
      this.#objectNumbers[slot] = 0;
      this.#objects[slot] = undefined;
    }
    if (this.#recentNumber === number) {
      this.#recent = undefined;
      this.#recentNumber = 0;
    }
  }

  /** Releases all. */
  clear(): void {
    for (const number of this.#strings.numbers()) {
      this.generation[number] = ((this.generation[number] ?? 0) + 1) & 0x3fff_ffff;
    }
    this.#strings = new ByteStrings();
    this.#objects = [];
    this.#objectNumbers.fill(0);
    this.#recent = undefined;
    this.#recentNumber = 0;
  }

  numbers(): Iterable<number> {
    return this.#strings.numbers();
  }

  #begin(number: number): void {
    if (number >= this.first.length) {
      this.#grow();
    }
    this.first[number] = 0;
    this.last[number] = 0;
    this.count[number] = 0;
  }

  #keep(number: number, subject: Subject): void {
    if (number >= this.#objectNumbers.length && this.#objectNumbers.length < objectsMax) {
      this.#growObjects();
    }
    const slot = number & (this.#objectNumbers.length - 1);
    this.#objectNumbers[slot] = number;
    this.#objects[slot] = subject;
  }

  #growObjects(): void {
    const [numbers, objects] = [this.#objectNumbers, this.#objects];
    this.#objectNumbers = new Uint32Array(numbers.length * 2);
    this.#objects = [];
    for (const [slot, number] of numbers.entries()) {
      const subject = objects[slot];
      if (number !== 0 && subject !== undefined) {
        this.#keep(number, subject);
      }
    }
  }

  /** A text with replacement characters may be that of bytes that are no text. */
  #findUndecodable(text: string): number {
    if (text.includes("\uFFFD")) {
      for (const number of this.#strings.numbers()) {
        if (decoder.decode(this.#strings.at(number)) === text) {
          return number;
        }
      }
    }
    return 0;
  }

  #grow(): void {
    const length = this.first.length * 2;
    const { first, last, count, generation } = this;
    this.first = new Float64Array(length);
    this.last = new Float64Array(length);
    this.count = new Uint32Array(length);
    this.generation = new Uint32Array(length);
    this.first.set(first);
    this.last.set(last);
    this.count.set(count);
    this.generation.set(generation);
  }
}
