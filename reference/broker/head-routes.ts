/**
 * Routes of subjects that begin with `$`, cached by their first four tokens. Every acknowledgement has a subject of its own,
 * `$JS.ACK.<stream>.<consumer>.<five numbers>`, but its first four tokens decide who hears it, as long as nobody subscribes to a particular number.
 * Found here, such a subject is neither interned nor looked up in the index: that was a third of the time of a pull with acknowledgements.
 *
 * Layout: one place a hash of the head, newest wins. The entry used last is tried first, without hashing.
 */
import { DOT, equalOctets, hashOctets } from "../protocol/octets.ts";
import { bucketOf } from "./subject-table.ts";
import type { Matches } from "./subscription.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";

const HEAD_TOKENS = 4;
const PLACES = 1024;

interface HeadRoute {
  /** With the dot at its end. */
  readonly head: Uint8Array;
  readonly bucket: number;
  readonly stamp: number;
  readonly matches: Matches;
}

export class HeadRoutes {
  readonly #index: SubscriptionIndex;
  // oxlint-disable-next-line unicorn/no-new-array -- many times faster than Array.from, and every start of a server pays for it
  readonly #places: (HeadRoute | undefined)[] = new Array<HeadRoute | undefined>(PLACES).fill(undefined);
  #last: HeadRoute | undefined;

  constructor(index: SubscriptionIndex) {
    this.#index = index;
  }

  /** Undefined when the whole subject has to be looked at. */
  find(bytes: Uint8Array, start: number, end: number): Matches | undefined {
    const last = this.#last;
    if (last !== undefined && this.#holds(last, bytes, start, end)) {
      return last.matches;
    }
    const headEnd = behindTokens(bytes, start, end);
    if (headEnd === end) {
      return undefined;
    }
    const place = (hashOctets(bytes, start, headEnd) >>> 0) % PLACES;
    const known = this.#places[place];
    if (known !== undefined && this.#holds(known, bytes, start, end)) {
      this.#last = known;
      return known.matches;
    }
    return this.#search({ place, bytes, start, headEnd, end });
  }

  #holds({ head, bucket, stamp }: HeadRoute, bytes: Uint8Array, start: number, end: number): boolean {
    const headEnd = start + head.length;
    return (
      headEnd < end &&
      stamp === this.#index.stamp(bucket) &&
      equalOctets(head, 0, bytes, start, head.length) &&
      !hasEmptyToken(bytes, headEnd, end)
    );
  }

  #search({ place, bytes, start, headEnd, end }: Searched): Matches | undefined {
    const { matches, tokensDecided } = this.#index.match(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
    if (tokensDecided > HEAD_TOKENS || hasEmptyToken(bytes, start, end)) {
      return undefined;
    }
    const bucket = bucketOf(bytes, start, end);
    this.#last = { head: Buffer.from(bytes.subarray(start, headEnd)), bucket, stamp: this.#index.stamp(bucket), matches };
    this.#places[place] = this.#last;
    return matches;
  }
}

interface Searched {
  readonly place: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly headEnd: number;
  readonly end: number;
}

/** Behind the dot that follows the head's last token, `end` when there are fewer tokens or nothing behind it. */
function behindTokens(bytes: Uint8Array, start: number, end: number): number {
  let tokens = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === DOT) {
      tokens++;
      if (tokens === HEAD_TOKENS) {
        return at + 1;
      }
    }
  }
  return end;
}

/** A subject with an empty token reaches nobody. `start` is the beginning of a token. */
function hasEmptyToken(bytes: Uint8Array, start: number, end: number): boolean {
  let previous = DOT;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === DOT && previous === DOT) {
      return true;
    }
    previous = byte;
  }
  return previous === DOT;
}
