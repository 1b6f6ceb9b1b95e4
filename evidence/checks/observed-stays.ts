/**
 * Nothing undurable is ever seen: what an earlier read-back showed, acknowledged or not, is there in the last one, the same. It needs a history with two
 * read-backs of a stream, one before a fault and one after it.
 */
import { mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import type { ReadBack, StoredMessage } from "../history/read-back.ts";
import { Removals } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export const observedStays: Check = {
  id: "observed-stays",
  says: "What was read before a fault is read again after it, the same.",
  judge(history) {
    const pairs = history.streams.flatMap((stream) => {
      const last = history.lastReadBack(stream);
      return last?.complete === true ? history.readBacks(stream).map((earlier) => ({ earlier, last })) : [];
    });
    const repeated = pairs.filter(({ earlier, last }) => earlier !== last);
    const published = Map.groupBy(history.of("publish").filter(mayHaveHappened), (each) =>
      JSON.stringify([each.op.stream, each.op.digest]),
    );
    const removals = new Removals(history);
    const violations = repeated.flatMap(({ earlier, last }) => changedSince({ earlier, last }, { published, removals }));
    const observed = repeated.reduce((sum, { earlier }) => sum + earlier.messages.size, 0);
    const figures = { observed, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, {
        summary: `${counted(violations.length, "message")} seen before the fault gone or changed after it`,
        figures,
        violations,
      });
    }
    return observed === 0
      ? inconclusive("nothing was read before the last read-back", figures)
      : pass(`${counted(observed, "message")} seen earlier still the same`, figures);
  },
};

interface Known {
  readonly published: ReadonlyMap<string, readonly Publish[]>;
  readonly removals: Removals;
}

function changedSince({ earlier, last }: { earlier: ReadBack; last: ReadBack }, known: Known): Violation[] {
  return [...earlier.messages.values()].flatMap((seen) => {
    const now = last.messages.get(seen.seq);
    if (seen.digest === undefined || (now?.digest === seen.digest && now.subject === seen.subject)) {
      return [];
    }
    const senders = known.published.get(JSON.stringify([earlier.stream, seen.digest])) ?? [];
    if (senders.some((sender) => known.removals.explain({ ...sender, seq: seen.seq }) !== "no")) {
      return [];
    }
    const found = now === undefined ? "is absent" : describe(now);
    return [
      {
        says: `sequence ${seen.seq} of ${earlier.stream} was read with digest ${seen.digest} and now ${found}`,
        operations: senders.slice(0, 1),
      },
    ];
  });
}

function describe(now: StoredMessage): string {
  return now.problem === undefined ? `holds ${now.subject ?? "a message"}, digest ${now.digest ?? "unknown"}` : `answers: ${now.problem}`;
}
