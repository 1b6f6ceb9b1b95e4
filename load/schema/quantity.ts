/** Strings with units, as people write them in YAML: `250ms`, `2s`, `256 B`, `1 KiB`, `20000/s`, `5 %`. Parsed at the border to plain numbers. */
import { z } from "zod";

const millisecondsOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const bytesOf: Readonly<Record<string, number>> = { B: 1, KB: 1000, MB: 1000 ** 2, KiB: 1024, MiB: 1024 ** 2 };

const durationPattern = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/;
const sizePattern = /^(\d+(?:\.\d+)?) ?(B|KB|MB|KiB|MiB)$/;
const ratePattern = /^(\d+(?:\.\d+)?) ?\/ ?s$/;
const percentPattern = /^(\d+(?:\.\d+)?) ?%$/;

function quantity(pattern: RegExp, example: string) {
  return z.string(`a text such as "${example}" is expected`).regex(pattern, `a text such as "${example}" is expected`);
}

/** Milliseconds. */
export const duration = quantity(durationPattern, "2s").transform((text) => scaled(durationPattern, text, millisecondsOf));
/** Bytes. */
export const size = quantity(sizePattern, "256 B").transform((text) => scaled(sizePattern, text, bytesOf));
/** A second. */
export const rate = quantity(ratePattern, "20000/s").transform((text) => Number(ratePattern.exec(text)?.[1]));
/** A fraction. */
export const percent = quantity(percentPattern, "5 %").transform((text) => Number(percentPattern.exec(text)?.[1]) / 100);

function scaled(pattern: RegExp, text: string, units: Readonly<Record<string, number>>): number {
  const match = pattern.exec(text);
  return Number(match?.[1]) * (units[match?.[2] ?? ""] ?? Number.NaN);
}
