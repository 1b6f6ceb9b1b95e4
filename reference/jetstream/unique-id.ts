/** Identifiers of advisories: 22 characters, like those of the official server. */
import type { Random } from "../ports.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 22;

export function uniqueId(random: Random): string {
  let id = "";
  for (let index = 0; index < LENGTH; index += 1) {
    id += ALPHABET[random.below(ALPHABET.length)];
  }
  return id;
}
