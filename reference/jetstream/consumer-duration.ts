/** Durations in Go's text form (`1h2m3.5s`), as delays of `-NAK` and error texts use it. */
import type { Int64 } from "./json/decode.ts";

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const whole = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Nanoseconds; undefined when the text is no duration: `5` has no unit, only `0` needs none. */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) {
    return 0;
  }
  const match = whole.exec(text);
  if (match === null) {
    return undefined;
  }
  let total = 0;
  for (const [, amount, unit] of (match[2] ?? "").matchAll(part)) {
    total += Number(amount) * (unitNs[unit ?? ""] ?? 0);
  }
  return Math.round(match[1] === "-" ? -total : total);
}

export function formatGoDuration(durationNs: Int64): string {
  const ns = BigInt(durationNs);
  if (ns < 0n) {
    return `-${formatGoDuration(-ns)}`;
  }
  if (ns < 1_000_000_000n) {
    return belowSecond(Number(ns));
  }
  const hours = ns / 3_600_000_000_000n;
  const minutes = (ns / 60_000_000_000n) % 60n;
  const seconds = `${Number(ns % 60_000_000_000n) / 1e9}s`;
  if (hours > 0n) {
    return `${hours}h${minutes}m${seconds}`;
  }
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

function belowSecond(ns: number): string {
  if (ns === 0) {
    return "0s";
  }
  if (ns >= 1e6) {
    return `${ns / 1e6}ms`;
  }
  return ns >= 1e3 ? `${ns / 1e3}µs` : `${ns}ns`;
}
