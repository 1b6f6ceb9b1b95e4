/**
 * Subjects by their bytes: the same subject gives the same object as long as it stays in the table.
 *
 * Layout: `2^sizeBits` places in sets of four. The hash chooses the set; `#hashes` answers most misses without touching an object. A
 * full set replaces a member that was not used since the last replacement there, so a stream of unique inboxes can't push out the
 * subjects that carry the load. The table never grows; a subject that was replaced is simply made again.
 */
import { DOT, equalOctets, hashOctets } from "../protocol/octets.ts";
import { InternedSubject } from "./interned-subject.ts";
import { FIRST_TOKEN_BUCKETS } from "./subscription-index.ts";

const WAYS = 4;

export class SubjectTable {
  readonly #hashes: Int32Array;
  readonly #used: Uint8Array;
  readonly #subjects: (InternedSubject | undefined)[];
  readonly #setMask: number;
  #victim = 0;

  constructor(sizeBits = 14) {
    const size = 1 << sizeBits;
    this.#hashes = new Int32Array(size);
    this.#used = new Uint8Array(size);
    // oxlint-disable-next-line unicorn/no-new-array -- many times faster than Array.from, and every start of a server pays for it
    this.#subjects = new Array<InternedSubject | undefined>(size).fill(undefined);
    this.#setMask = size / WAYS - 1;
  }

  /** `hash` must be `hashOctets` of the range. */
  intern(buffer: Buffer, start: number, end: number, hash: number): InternedSubject {
    // The low bits of FNV depend on the last bytes only weakly; fold the high ones in.
    const first = ((hash ^ (hash >>> 15)) & this.#setMask) * WAYS;
    const length = end - start;
    for (let at = first; at < first + WAYS; at++) {
      if (this.#hashes[at] !== hash) {
        continue;
      }
      const subject = this.#subjects[at];
      if (subject !== undefined && subject.bytes.length === length && equalOctets(subject.bytes, 0, buffer, start, length)) {
        this.#used[at] = 1;
        return subject;
      }
    }
    return this.#insert(first, buffer, start, end, hash);
  }

  internText(text: string): InternedSubject {
    const bytes = Buffer.from(text, "utf8");
    return this.intern(bytes, 0, bytes.length, hashOctets(bytes, 0, bytes.length));
  }

  #insert(first: number, buffer: Buffer, start: number, end: number, hash: number): InternedSubject {
    const bytes = Buffer.allocUnsafeSlow(end - start);
    buffer.copy(bytes, 0, start, end);
    const subject = new InternedSubject(bytes, hash, bucketOf(buffer, start, end));
    const place = this.#place(first);
    this.#hashes[place] = hash;
    this.#used[place] = 0;
    this.#subjects[place] = subject;
    return subject;
  }

  #place(first: number): number {
    for (let at = first; at < first + WAYS; at++) {
      if (this.#subjects[at] === undefined) {
        return at;
      }
    }
    this.#victim = (this.#victim + 1) % WAYS;
    for (let step = 0; step < WAYS; step++) {
      const at = first + ((this.#victim + step) % WAYS);
      if (this.#used[at] === 0) {
        return at;
      }
    }
    this.#used.fill(0, first, first + WAYS);
    return first + this.#victim;
  }
}

/** Subjects that begin with the same token share a bucket, so that changed subscriptions elsewhere don't cost them their matches. */
export function bucketOf(buffer: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end && buffer[at] !== DOT; at++) {
    hash = (hash * 31 + buffer[at]!) | 0;
  }
  return (hash >>> 0) % FIRST_TOKEN_BUCKETS;
}
