/**
 * Order across clients: a publish that was acknowledged before another one was sent stands before it. Unanswered publishes that were read back
 * count with the sequence they were found at. One sweep: publishes in the order they began, against the highest sequence that was over by then.
 */
import type { History } from "../history/history.ts";
import { type PlacedPublish, placedPublishes } from "../history/placed-publishes.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const realTimeOrder: Check = {
  id: "real-time-order",
  subject: "judged",
  says: "A message that was acknowledged before another one was sent, by whichever client, stands before it.",
  judge(history) {
    const placed = [...placedPublishes(history).values()];
    const judged = placed.reduce((sum, publishes) => sum + publishes.length, 0);
    const violations = placed.flatMap((publishes) => overtaken(history, publishes));
    const figures = { judged, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "message")} before one that was over earlier`, figures, violations });
    }
    return judged === 0
      ? inconclusive("no publish has a known sequence", figures)
      : pass(`${counted(judged, "message")} in order`, figures);
  },
};

/** Publishes of one stream that were given a lower sequence than one that was over before they began. */
export function overtaken(history: History, publishes: readonly PlacedPublish[]): Violation[] {
  const byEnd = publishes.filter((each) => each.outcome === "ok").sort((a, b) => a.end - b.end);
  const violations: Violation[] = [];
  let done = 0;
  let highest: PlacedPublish | undefined;
  for (const each of publishes.toSorted((a, b) => a.begin - b.begin)) {
    for (let next = byEnd[done]; next !== undefined && next.end < each.begin; next = byEnd[done]) {
      const isHigher = highest === undefined || compareSequences(next.seq, highest.seq) > 0 || betweenStreams(history, highest, next);
      highest = isHigher ? next : highest;
      done += 1;
    }
    if (highest !== undefined && compareSequences(each.seq, highest.seq) < 0 && !betweenStreams(history, highest, each)) {
      violations.push({ says: `sequence ${each.seq} was given after ${highest.seq} was acknowledged`, operations: [highest, each] });
    }
  }
  return violations;
}
