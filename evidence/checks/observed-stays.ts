/**
 * Nothing undurable is ever seen: what a get, a consumer or an earlier read-back showed, acknowledged or not, is there in the last read-back, the same.
 */
import type { History } from "../history/history.ts";
import { type Observation, observationsOf } from "../history/observations.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import type { StoredMessage } from "../history/read-back.ts";
import { Removals } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export const observedStays: Check = {
  id: "observed-stays",
  subject: "observed",
  says: "What was seen before a fault, by a get, a consumer or a read-back, is read again after it, the same.",
  judge(history) {
    const complete = new Set(history.streams.filter((stream) => history.lastReadBack(stream)?.complete === true));
    const seen = observationsOf(history).filter((each) => complete.has(each.stream));
    const known = {
      history,
      published: Map.groupBy(history.of("publish").filter(mayHaveHappened), (each) => JSON.stringify([each.op.stream, each.op.digest])),
      removals: new Removals(history),
    };
    const violations = seen.flatMap((each) => changedSince(each, known));
    const figures = { observed: seen.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, {
        summary: `${counted(violations.length, "message")} seen before the fault gone or changed after it`,
        figures,
        violations,
      });
    }
    return seen.length === 0
      ? inconclusive("nothing was seen before the last read-back", figures)
      : pass(`${counted(seen.length, "message")} seen earlier still the same`, figures);
  },
};

interface Known {
  readonly history: History;
  readonly published: ReadonlyMap<string, readonly Publish[]>;
  readonly removals: Removals;
}

function changedSince(seen: Observation, { history, published, removals }: Known): Violation[] {
  const now = history.readBack(seen.stream).get(seen.seq);
  if (now?.digest === seen.digest && (now.subject === undefined || now.subject === seen.subject)) {
    return [];
  }
  const senders = published.get(JSON.stringify([seen.stream, seen.digest])) ?? [];
  if (senders.some((sender) => removals.explain({ ...sender, seq: seen.seq }) !== "no")) {
    return [];
  }
  const found = now === undefined ? "is absent" : describe(now);
  const says = `sequence ${seen.seq} of ${seen.stream} was seen by ${seen.by} with digest ${seen.digest} and now ${found}`;
  return [{ says, operations: senders.slice(0, 1) }];
}

function describe(now: StoredMessage): string {
  return now.problem === undefined ? `holds ${now.subject ?? "a message"}, digest ${now.digest ?? "unknown"}` : `answers: ${now.problem}`;
}
