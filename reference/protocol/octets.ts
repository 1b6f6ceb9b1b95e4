/** The bytes the protocol is made of, and the two ways bytes get into an output buffer: copied ranges and decimal digits. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const DOT = 0x2e;

/** FNV-1a, 32 bit: good and cheap for texts as short as subjects. */
export const HASH_SEED = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

export function hashOctets(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_SEED;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ bytes[at]!, HASH_PRIME);
  }
  return hash;
}

export function equalOctets(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let at = 0; at < length; at++) {
    if (a[aStart + at] !== b[bStart + at]) {
      return false;
    }
  }
  return true;
}

/** A call into the engine's memcpy costs more than a loop below about this length. */
const LOOP_BELOW = 48;
/** Kept, because looking it up costs half of what the call does. */
const { copy } = Buffer.prototype;

/** Copies `source[start..end)` to `target[at..]` and returns the position behind it. Allocates nothing for short ranges. */
export function copyOctets(target: Buffer, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length >= LOOP_BELOW) {
    copy.call(source, target, at, start, end);
    return at + length;
  }
  for (let each = start; each < end; each++) {
    target[at++] = source[each]!;
  }
  return at;
}

/** Writes a non-negative integer below 2^31 in decimal and returns the position behind it. */
export function writeDecimal(target: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let bound = 10; value >= bound; bound *= 10) {
    end++;
  }
  let rest = value;
  for (let each = end - 1; each >= at; each--) {
    const tenth = (rest / 10) | 0;
    target[each] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}
