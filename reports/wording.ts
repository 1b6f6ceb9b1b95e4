/** The words, marks and numbers that all reports share, so that the console, the page and the CI summary call one thing by one name. */
import type { Comparison, LossPicture, Outcome } from "../evidence/results/schema.ts";

/** How an outcome is meant: the colour follows from it, the mark and the word never depend on the colour. */
export type Tone = "good" | "bad" | "warn" | "quiet";

export interface OutcomeWords {
  readonly mark: string;
  readonly label: string;
  readonly tone: Tone;
}

export const outcomeWords: Readonly<Record<Outcome, OutcomeWords>> = {
  pass: { mark: "✓", label: "passed", tone: "good" },
  fail: { mark: "✕", label: "failed", tone: "bad" },
  "expected-fail": { mark: "≈", label: "known failing", tone: "warn" },
  "unexpected-pass": { mark: "!", label: "unexpected pass", tone: "bad" },
  flaky: { mark: "~", label: "flaky", tone: "warn" },
  "not-applicable": { mark: "–", label: "not applicable", tone: "quiet" },
  unsupported: { mark: "○", label: "unsupported", tone: "quiet" },
  inconclusive: { mark: "?", label: "inconclusive", tone: "warn" },
  error: { mark: "‼", label: "error", tone: "bad" },
};

export const comparisonWords: Readonly<Record<Comparison["verdict"], OutcomeWords>> = {
  improved: { mark: "▲", label: "improved", tone: "good" },
  regressed: { mark: "▼", label: "regressed", tone: "bad" },
  equivalent: { mark: "=", label: "equivalent", tone: "quiet" },
  inconclusive: { mark: "?", label: "inconclusive", tone: "warn" },
};

/** What each place of a loss points to. */
export const placeWords: Readonly<Record<LossPicture["place"], string>> = {
  none: "nothing lost",
  prefix: "the beginning is lost",
  hole: "a hole inside",
  suffix: "the end is lost",
  everything: "everything is lost",
};

const integers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function integer(value: number): string {
  return integers.format(value);
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${integer(count)} ${count === 1 ? one : many}`;
}

export function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)}×`;
}

export function interval(comparison: Pick<Comparison, "low" | "high">): string {
  return `${ratio(comparison.low)} to ${ratio(comparison.high)}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value.toFixed(value !== 0 && Math.abs(value) < 1 ? 2 : 1)} %`;
}

export function microseconds(value: number): string {
  if (value < 1000) {
    return `${value < 10 ? value.toFixed(1) : integer(value)} µs`;
  }
  return value < 1_000_000 ? `${threeDigits(value / 1000)} ms` : `${threeDigits(value / 1_000_000)} s`;
}

export function milliseconds(value: number): string {
  if (value < 1000) {
    return `${integer(value)} ms`;
  }
  if (value < 60_000) {
    return `${(value / 1000).toFixed(1)} s`;
  }
  const minutes = Math.floor(value / 60_000);
  return `${integer(minutes)} min ${Math.round((value % 60_000) / 1000)} s`;
}

/** When a frame crossed the wire, counted from the start of its case. */
export function traceTime(atMs: number): string {
  return `${atMs < 0 ? "−" : "+"}${Math.abs(atMs / 1000).toFixed(4)} s`;
}

export function isoMinute(iso: string): string {
  return iso.replace("T", " ").replace(/:\d\d(?:\.\d+)?Z$/, " UTC");
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
