/**
 * Routes of replies, cached by inbox prefix. A client asks with `_INBOX.<id>.<n>` and listens on `_INBOX.<id>.*`, so every reply subject is
 * new, but what stands before the last dot is not, and it decides who listens as long as nobody subscribed to a literal last token.
 *
 * Layout: one place a hash of the prefix, newest wins. The entry used last is tried first, without hashing.
 */
import { DOT, equalOctets, hashOctets } from "../protocol/octets.ts";
import { bucketOf } from "./subject-table.ts";
import type { Matches } from "./subscription.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";

const PLACES = 4096;

interface ReplyRoute {
  readonly prefix: Uint8Array;
  readonly bucket: number;
  readonly stamp: number;
  readonly matches: Matches;
}

export class ReplyRoutes {
  readonly #index: SubscriptionIndex;
  // oxlint-disable-next-line unicorn/no-new-array -- many times faster than Array.from, and every start of a server pays for it
  readonly #places: (ReplyRoute | undefined)[] = new Array<ReplyRoute | undefined>(PLACES).fill(undefined);
  #last: ReplyRoute | undefined;

  constructor(index: SubscriptionIndex) {
    this.#index = index;
  }

  find(bytes: Uint8Array, start: number, end: number): Matches {
    const prefixLength = prefixEnd(bytes, start, end) - start;
    const last = this.#last;
    if (last !== undefined && this.#holds(last, bytes, start, prefixLength)) {
      return last.matches;
    }
    const place = (hashOctets(bytes, start, start + prefixLength) >>> 0) % PLACES;
    const known = this.#places[place];
    if (known !== undefined && this.#holds(known, bytes, start, prefixLength)) {
      this.#last = known;
      return known.matches;
    }
    return this.#search(place, bytes, start, end, prefixLength);
  }

  #holds(route: ReplyRoute, bytes: Uint8Array, start: number, length: number): boolean {
    return (
      route.prefix.length === length &&
      route.stamp === this.#index.stamp(route.bucket) &&
      equalOctets(route.prefix, 0, bytes, start, length)
    );
  }

  #search(place: number, bytes: Uint8Array, start: number, end: number, prefixLength: number): Matches {
    const { matches, dependsOnLastToken } = this.#index.match(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
    if (!dependsOnLastToken && prefixLength > 0) {
      const bucket = bucketOf(bytes, start, end);
      const prefix = Buffer.from(bytes.subarray(start, start + prefixLength));
      this.#last = { prefix, bucket, stamp: this.#index.stamp(bucket), matches };
      this.#places[place] = this.#last;
    }
    return matches;
  }
}

/** Behind the last dot; `start` when there is none. */
function prefixEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] !== DOT) {
    at--;
  }
  return at;
}
