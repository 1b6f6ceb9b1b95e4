/** Durations in Go's text form (`1h2m3.5s`), as headers and error texts use it. */
import type { Int64 } from "./json/decode.ts";

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Nanoseconds, undefined when the text is no duration (`5` has no unit, `0` is allowed). */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0" || text === "+0" || text === "-0") {
    return 0;
  }
  const whole = WHOLE.exec(text);
  if (whole === null) {
    return undefined;
  }
  let total = 0;
  for (const [, amount, unit] of (whole[2] ?? "").matchAll(PART)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  }
  return whole[1] === "-" ? -total : total;
}

export function formatGoDuration(ns: Int64): string {
  const total = BigInt(ns);
  if (total < 0n) {
    return `-${formatGoDuration(-total)}`;
  }
  if (total < 1_000_000_000n) {
    return belowSecond(Number(total));
  }
  const seconds = Number(total % 60_000_000_000n) / 1e9;
  const minutes = (total / 60_000_000_000n) % 60n;
  const hours = total / 3_600_000_000_000n;
  return `${hours > 0n ? `${hours}h` : ""}${hours > 0n || minutes > 0n ? `${minutes}m` : ""}${seconds}s`;
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
