/**
 * The subjects on which a stream holds messages, numbered from 1. First, last and count of each are columns, so that a stream with a
 * million subjects holds no object per subject but the `Subject` itself.
 *
 * Numbers are reused when the last message of a subject goes; `generationOf` tells two tenants of one number apart.
 */
import type { Subject } from "./stream-store.ts";

export class SubjectTable {
  first = new Float64Array(8);
  last = new Float64Array(8);
  count = new Uint32Array(8);
  generation = new Uint32Array(8);
  readonly #subjects: (Subject | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];
  // Publishers tend to repeat a subject; one remembered pair spares most look-ups.
  #recent: Subject | undefined;
  #recentNumber = 0;

  /** How many subjects hold messages. */
  get size(): number {
    return this.#numbers.size;
  }

  /** Numbers in use are below this. */
  get limit(): number {
    return this.#subjects.length;
  }

  numberOf(text: string): number {
    return this.#numbers.get(text) ?? 0;
  }

  subjectAt(number: number): Subject | undefined {
    return this.#subjects[number];
  }

  generationOf(number: number): number {
    return this.generation[number] ?? 0;
  }

  claim(subject: Subject): number {
    if (subject === this.#recent) {
      return this.#recentNumber;
    }
    const number = this.#numbers.get(subject.text) ?? this.#create(subject);
    this.#recent = subject;
    this.#recentNumber = number;
    return number;
  }

  release(number: number): void {
    const subject = this.#subjects[number];
    if (subject === undefined) {
      throw new Error(`subject number ${number} is not in use`);
    }
    this.#numbers.delete(subject.text);
    this.#subjects[number] = undefined;
    this.generation[number] = ((this.generation[number] ?? 0) + 1) & 0x3fff_ffff;
    this.#free.push(number);
    if (this.#recentNumber === number) {
      this.#recent = undefined;
      this.#recentNumber = 0;
    }
  }

  *numbers(): Iterable<number> {
    yield* this.#numbers.values();
  }

  #create(subject: Subject): number {
    const number = this.#free.pop() ?? this.#subjects.length;
    if (number >= this.first.length) {
      this.#grow();
    }
    this.#subjects[number] = subject;
    this.#numbers.set(subject.text, number);
    this.first[number] = 0;
    this.last[number] = 0;
    this.count[number] = 0;
    return number;
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
