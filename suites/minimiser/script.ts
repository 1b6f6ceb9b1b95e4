/**
 * A failure of a cycle as a script: what the clients of the load did at once, one after the other on one stream, up to the change that was not kept, then the
 * fault, then one look at that change. Sequences and names are the script's own, so that operations can be left out.
 */
import { findUndoneChanges } from "../../evidence/checks/acked-changes-kept.ts";
import { findUndoneAcks } from "../../evidence/checks/confirmed-acks-kept.ts";
import { findLosses } from "../../evidence/checks/losses.ts";
import type { History } from "../../evidence/history/history.ts";
import type { OperationRecord } from "../../evidence/history/operation-record.ts";

export type ActionKind =
  | "publish"
  | "create-stream"
  | "update-stream"
  | "delete-stream"
  | "purge"
  | "delete-message"
  | "create-consumer"
  | "double-ack";

export interface Action {
  readonly kind: ActionKind;
  /** Of a publish: which of the stream's subjects, from 1. */
  readonly subject?: number;
  /** Of a delete: which publish of the history, by its sequence there. Of a publish: its own. */
  readonly seq?: string;
  /** Of a purge: subject and sequence as in the history. */
  readonly filter?: number;
  readonly below?: string;
}

export interface Script {
  /** Before the culprit, oldest first. */
  readonly before: readonly Action[];
  /** Acknowledged, and not so afterwards. */
  readonly culprit: Action;
}

/** undefined when what failed is no change that was acknowledged and not kept. */
export function scriptOf(history: History): Script | undefined {
  const culprit = culpritOf(history);
  if (culprit === undefined) {
    return undefined;
  }
  const { stream } = culprit.op;
  const firstFault = history.events.findIndex((event) => event.type === "fault");
  const subjects = new Map<string, number>();
  const earlier = history.operations
    .filter((each) => each.op.stream === stream && each.outcome === "ok" && each.end < culprit.end && each.end < firstFault)
    .toSorted((a, b) => a.end - b.end);
  const before = earlier.flatMap((each) => actionOf(each, subjects) ?? []);
  const last = actionOf(culprit, subjects);
  return last === undefined ? undefined : { before: before.filter(({ kind }) => kind !== "create-stream"), culprit: last };
}

/** A message before another change, and of each the earliest: it has the fewest operations before it. */
function culpritOf(history: History): OperationRecord | undefined {
  const [lost] = findLosses(history).lost;
  if (lost !== undefined) {
    return lost;
  }
  const undone = [...findUndoneAcks(history).violations, ...findUndoneChanges(history).violations].flatMap(
    (each) => each.operations.at(-1) ?? [],
  );
  return undone.toSorted((a, b) => a.end - b.end)[0];
}

function actionOf({ op, seq }: OperationRecord, subjects: Map<string, number>): Action | undefined {
  const numberOf = (subject: string): number => {
    const number = subjects.get(subject) ?? subjects.size + 1;
    subjects.set(subject, number);
    return number;
  };
  switch (op.kind) {
    case "publish":
      return op.msgId === undefined && op.expectLastSubjectSeq === undefined
        ? { kind: "publish", subject: numberOf(op.subject), ...(seq === undefined ? {} : { seq }) }
        : undefined;
    case "purge":
      return {
        kind: "purge",
        ...(op.filter === undefined ? {} : { filter: numberOf(op.filter) }),
        ...(op.below === undefined ? {} : { below: op.below }),
      };
    case "delete-message":
      return { kind: "delete-message", seq: op.seq };
    case "ack":
      return op.confirmed ? { kind: "double-ack" } : undefined;
    case "create-stream":
    case "update-stream":
    case "delete-stream":
    case "create-consumer":
      return { kind: op.kind };
    default:
      return undefined;
  }
}
