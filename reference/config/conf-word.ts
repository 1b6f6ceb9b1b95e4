/** What a word without quotes means: a boolean, a number with or without a size suffix, a date, or itself. */

import type { ConfValue } from "./conf-value.ts";
import type { ConfigPlace } from "./config-error.ts";

const TRUE = new Set(["true", "yes", "on"]);
const FALSE = new Set(["false", "no", "off"]);
/** `k` counts in thousands, `kb`, `ki` and `kib` in 1024s. */
const INTEGER = /^(-?\d+)(?:([kmgtpe])(b|i|ib)?)?$/i;
const POWERS = "kmgtpe";

/** A string is the reason why the word is no value. */
export function bareValue(word: string, place: ConfigPlace): ConfValue | string {
  const lower = word.toLowerCase();
  if (TRUE.has(lower) || FALSE.has(lower)) {
    return { kind: "boolean", value: TRUE.has(lower), place };
  }
  const integer = INTEGER.exec(word);
  if (integer !== null) {
    return sizedInteger(integer, place);
  }
  if (/^-?\d+\.\d+$/.test(word)) {
    return { kind: "float", value: Number(word), place };
  }
  if (/^\d+-/.test(word)) {
    const isDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(word);
    return isDate ? { kind: "date", value: word, place } : `"${word}" begins like a date but isn't one in full Zulu form; put it in quotes`;
  }
  return { kind: "string", value: word.replaceAll(/\\(.)/g, "$1"), place };
}

function sizedInteger([text, digits, suffix, binary]: RegExpExecArray, place: ConfigPlace): ConfValue | string {
  const power = suffix === undefined ? 0 : POWERS.indexOf(suffix.toLowerCase()) + 1;
  const value = Number(digits) * (binary === undefined ? 1000 : 1024) ** power;
  return Number.isSafeInteger(value) ? { kind: "integer", value, place } : `${text} is too large a number`;
}
