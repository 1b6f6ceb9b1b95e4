/** Messages that an acknowledged purge or delete removed, against the final read-back: none of them comes back. */
import type { History } from "../history/history.ts";
import { type AcknowledgedPublish, type OperationOf, type OperationRecord, precedes } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import { subjectMatches } from "../history/subject-filter.ts";
import type { ChangeFindings } from "./stream-changes.ts";
import type { Violation } from "./witness.ts";

type Purge = OperationRecord<OperationOf<"purge">>;

export function undonePurges(history: History): ChangeFindings {
  const purges = history.of("purge").filter((each) => each.outcome === "ok" && !streamDeleteAfter(history, each));
  return {
    judged: purges.length,
    unread: unreadStreams(history, purges),
    violations: purges.flatMap((purge) => purgedButBack(history, purge)),
  };
}

export function undoneDeletes(history: History): ChangeFindings {
  const deletes = history.of("delete-message").filter((each) => each.outcome === "ok" && !streamDeleteAfter(history, each));
  return {
    judged: deletes.length,
    unread: unreadStreams(history, deletes),
    violations: deletes.flatMap((each) => {
      const { stream, seq } = each.op;
      const stored = history.readBack(stream).get(seq);
      // A sequence given again after the delete is reuse, which its own check reports.
      const owners = history.ownersOf(stream, seq);
      const back = stored?.digest !== undefined && !owners.some((ack) => !precedes(ack, each) && ack.op.digest === stored.digest);
      return back ? [{ says: `message ${seq} of ${stream} is back`, operations: [...owners.slice(0, 1), each] }] : [];
    }),
  };
}

function unreadStreams(history: History, changes: readonly OperationRecord[]): string[] {
  const unread = changes.filter((each) => history.lastReadBack(each.op.stream)?.end === undefined);
  return unread.map((each) => `stream ${each.op.stream}`);
}

/** Messages acknowledged before the purge was asked for, of its filter and range; `keep` leaves the newest of them. */
function purgedButBack(history: History, purge: Purge): Violation[] {
  const { stream, filter, below, keep } = purge.op;
  const back = history
    .acknowledged(stream)
    .filter((ack) => ack.duplicate !== true && precedes(ack, purge))
    .filter((ack) => filter === undefined || subjectMatches(filter, ack.op.subject))
    .filter((ack) => below === undefined || BigInt(ack.seq) < BigInt(below))
    .filter((ack) => history.readBack(stream).get(ack.seq)?.digest === ack.op.digest);
  const [oldest] = back.toSorted(bySequence);
  if (oldest === undefined || back.length <= (keep ?? 0)) {
    return [];
  }
  const says = `${back.length} purged ${back.length === 1 ? "message is" : "messages are"} back, the first at ${oldest.seq} of ${stream}`;
  return [{ says, operations: [oldest, purge] }];
}

function bySequence(a: AcknowledgedPublish, b: AcknowledgedPublish): number {
  return BigInt(a.seq) < BigInt(b.seq) ? -1 : 1;
}
