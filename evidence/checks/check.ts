/**
 * What a check is: a pure function from the history of a run to a verdict. It never touches a server, never throws on purpose, and never calls a
 * run good whose evidence does not reach: that is `inconclusive`.
 */
import type { History } from "../history/history.ts";
import { type Violation, witnessOf } from "./witness.ts";

export interface Verdict {
  readonly outcome: "pass" | "fail" | "inconclusive";
  /** One sentence for people. */
  readonly summary: string;
  /** What was counted, by name. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** The smallest set of operations that shows a failure, one a line. Empty unless the outcome is `fail`. */
  readonly witness: readonly string[];
}

export interface Check {
  readonly id: string;
  /** The figure that counts what there was to judge. Where it is 0 the history holds nothing for this check, and a verdict says nothing about the server. */
  readonly subject: string;
  /** What must hold, in one sentence. */
  readonly says: string;
  judge(history: History): Verdict;
}

type Figures = Verdict["figures"];

export function pass(summary: string, figures: Figures = {}): Verdict {
  return { outcome: "pass", summary, figures, witness: [] };
}

export function fail(history: History, found: { summary: string; figures?: Figures; violations: readonly Violation[] }): Verdict {
  return { outcome: "fail", summary: found.summary, figures: found.figures ?? {}, witness: witnessOf(history, found.violations) };
}

export function inconclusive(summary: string, figures: Figures = {}): Verdict {
  return { outcome: "inconclusive", summary, figures, witness: [] };
}

const integers = new Intl.NumberFormat("en");

/** `1 message`, `2 messages`: the counted noun in a sentence. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${integers.format(count)} ${count === 1 ? one : many}`;
}
