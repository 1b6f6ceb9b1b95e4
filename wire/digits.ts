/** Decimal digits as a number; -1 for anything else, and for more than 10 digits. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 1 || end - start > 10) {
    return -1;
  }
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) {
      return -1;
    }
    value = value * 10 + digit;
  }
  return value;
}
