/**
 * Stream sequences on the wire are 64-bit (ADR-1), in the store they are `number`s. Only `first_seq` can lift a stream's sequences beyond
 * 2^53, so such a stream has a base, fixed when it is created: the wire's sequence is the store's plus the base. All other streams have
 * the base 0, and their sequences are the same on both sides.
 *
 * 0 is no sequence on either side and stays 0. `shown` is the way out, `given` the way in.
 */
import type { Int64 } from "./json/decode.ts";
import { shortest } from "./json/field-types.ts";

/** A first sequence above this gives the stream a base; below it a stream can count as far again without one. */
const UNSHIFTED_MAX = 2n ** 52n;
/** The store's sequence of the first message when there is a base; 1 is left for what comes before it. */
const SHIFTED_FIRST = 2n;
/** A purge moves no stream further than this, in the store's sequences; behind it a stream can count as far again. */
const REACHABLE_MAX = 2 ** 52;
/** The highest sequence that the store is asked about; no message ever gets it. */
const CEILING = Number.MAX_SAFE_INTEGER - 1;
const WIRE_MAX = 2n ** 64n - 1n;

export class WireSequences {
  readonly base: bigint;
  readonly isShifted: boolean;
  /** The store's sequence behind which the wire has no more. */
  readonly last: number;

  constructor(base: bigint) {
    this.base = base;
    this.isShifted = base !== 0n;
    this.last = clamped(WIRE_MAX - base);
  }

  /** The base of a new stream. */
  static from(firstSequence: Int64): WireSequences {
    return new WireSequences(firstSequence > UNSHIFTED_MAX ? BigInt(firstSequence) - SHIFTED_FIRST : 0n);
  }

  /** A sequence of the store as the wire has it. */
  shown(sequence: number): Int64 {
    return this.isShifted && sequence !== 0 ? shortest(this.base + BigInt(sequence)) : sequence;
  }

  /** A sequence of the wire as the store has it. One that the stream can't have comes out before its first or behind its last message. */
  given(sequence: Int64 = 0): number {
    if (!this.isShifted) {
      return Math.min(Number(sequence), CEILING);
    }
    return sequence === 0 ? 0 : Math.max(clamped(BigInt(sequence) - this.base), 1);
  }

  /** May the stream go on at this sequence of the store? */
  isReachable(sequence: number): boolean {
    return sequence <= REACHABLE_MAX;
  }

  /** Decimal digits as the store's sequence; -1, which equals none, for anything else and for what the stream can't have. */
  expected(digits: string): number {
    if (!/^\d+$/.test(digits)) {
      return -1;
    }
    if (!this.isShifted) {
      const sequence = Number(digits);
      return sequence > CEILING ? -1 : sequence;
    }
    const sequence = BigInt(digits);
    const stored = sequence - this.base;
    return sequence === 0n ? 0 : stored < 1n || stored > CEILING ? -1 : Number(stored);
  }
}

function clamped(sequence: bigint): number {
  return sequence > CEILING ? CEILING : Number(sequence);
}
