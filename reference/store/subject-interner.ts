/** One `Subject` object per distinct subject met in the log, found by its bytes without decoding them each time. */
import type { Subject } from "./stream-store.ts";

const decoder = new TextDecoder();

export class SubjectInterner {
  readonly #intern: (text: string) => Subject;
  #subjects: (Subject | undefined)[] = Array.from({ length: 64 });
  #hashes = new Uint32Array(64);
  #size = 0;

  /** `intern` gives the object that the rest of the server uses for a subject. */
  constructor(intern: ((text: string) => Subject) | undefined) {
    const encoder = new TextEncoder();
    this.#intern = intern ?? ((text) => ({ text, bytes: encoder.encode(text) }));
  }

  of(bytes: Uint8Array): Subject {
    const hash = hashOf(bytes);
    let at = hash & (this.#subjects.length - 1);
    for (let known = this.#subjects[at]; known !== undefined; known = this.#subjects[at]) {
      if (this.#hashes[at] === hash && sameBytes(known.bytes, bytes)) {
        return known;
      }
      at = (at + 1) & (this.#subjects.length - 1);
    }
    const subject = this.#intern(decoder.decode(bytes));
    this.#insert(hash, subject);
    return subject;
  }

  #insert(hash: number, subject: Subject): void {
    if ((this.#size + 1) * 2 > this.#subjects.length) {
      this.#grow();
    }
    let at = hash & (this.#subjects.length - 1);
    while (this.#subjects[at] !== undefined) {
      at = (at + 1) & (this.#subjects.length - 1);
    }
    this.#subjects[at] = subject;
    this.#hashes[at] = hash;
    this.#size += 1;
  }

  #grow(): void {
    const subjects = this.#subjects;
    const hashes = this.#hashes;
    this.#subjects = Array.from({ length: subjects.length * 2 });
    this.#hashes = new Uint32Array(hashes.length * 2);
    this.#size = 0;
    for (const [at, subject] of subjects.entries()) {
      if (subject !== undefined) {
        this.#insert(hashes[at] ?? 0, subject);
      }
    }
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < bytes.length; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x0100_0193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) {
    return false;
  }
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] !== b[at]) {
      return false;
    }
  }
  return true;
}
