/** Streams that were created, updated or deleted with an acknowledgement, against what the final read-back says about them. */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "../history/operation-record.ts";
import type { Violation } from "./witness.ts";

/** What one kind of change gives: how many could be judged, what was never read back, and what was undone. */
export interface ChangeFindings {
  readonly judged: number;
  readonly unread: readonly string[];
  readonly violations: readonly Violation[];
}

type StreamChange = OperationRecord<OperationOf<"create-stream" | "update-stream" | "delete-stream">>;

export function undoneStreams(history: History): ChangeFindings {
  const changes = [...history.of("create-stream"), ...history.of("update-stream"), ...history.of("delete-stream")].filter(mayHaveHappened);
  const acknowledged = changes.filter((each) => each.outcome === "ok");
  const last = acknowledged.filter((each) => !isOvertaken(each, acknowledged));
  const unread = last.filter((each) => history.lastReadBack(each.op.stream)?.end === undefined);
  const violations = last.filter((each) => !unread.includes(each)).flatMap((each) => violationOf(history, each, changes));
  return { judged: acknowledged.length, unread: unread.map((each) => `stream ${each.op.stream}`), violations };
}

/** Another acknowledged change of the stream certainly came later, so that this one no longer shows. */
function isOvertaken(change: StreamChange, changes: readonly StreamChange[]): boolean {
  return changes.some((each) => each !== change && each.op.stream === change.op.stream && precedes(change, each));
}

function violationOf(history: History, change: StreamChange, changes: readonly StreamChange[]): Violation[] {
  const { stream } = change.op;
  const end = history.lastReadBack(stream)?.end;
  const later = changes.filter((each) => each !== change && each.op.stream === stream && !precedes(each, change));
  const exists = end?.missing !== true;
  if (change.op.kind === "delete-stream") {
    const madeAgain = later.some((each) => each.op.kind === "create-stream");
    return exists && !madeAgain ? [{ says: `stream ${stream} is back`, operations: [change] }] : [];
  }
  if (!exists) {
    const deleted = later.some((each) => each.op.kind === "delete-stream");
    return deleted ? [] : [{ says: `stream ${stream} does not exist`, operations: [change] }];
  }
  const allowed = [change, ...later].map((each) => ("config" in each.op ? each.op.config : undefined));
  if (end?.config === undefined || allowed.includes(undefined) || allowed.includes(end.config)) {
    return [];
  }
  return [{ says: `stream ${stream} has another configuration than the acknowledged one`, operations: [change] }];
}
