/** A server's id in the form of a NATS public key: base32 of a prefix byte, 32 random bytes and a CRC-16, 56 characters that begin with N. */
import type { Random } from "./ports.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Makes the first character an N. */
const SERVER_PREFIX = 13 << 3;
const KEY_BYTES = 32;

export function newServerId(random: Random): string {
  const raw = new Uint8Array(1 + KEY_BYTES + 2);
  raw[0] = SERVER_PREFIX;
  raw.set(random.bytes(KEY_BYTES), 1);
  const checksum = crc16(raw.subarray(0, 1 + KEY_BYTES));
  raw[1 + KEY_BYTES] = checksum & 0xff;
  raw[2 + KEY_BYTES] = checksum >>> 8;
  return base32(raw);
}

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >>> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
    }
  }
  return crc;
}
