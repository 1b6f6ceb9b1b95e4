/** Consumers that were created or deleted with an acknowledgement, against what was read of them at the end. */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import type { ChangeFindings } from "./stream-changes.ts";
import type { Violation } from "./witness.ts";

type ConsumerChange = OperationRecord<OperationOf<"create-consumer" | "delete-consumer">>;

export function undoneConsumers(history: History): ChangeFindings {
  const changes = [...history.of("create-consumer"), ...history.of("delete-consumer")].filter(mayHaveHappened);
  const acknowledged = changes.filter((each) => each.outcome === "ok" && !streamDeleteAfter(history, each));
  const last = acknowledged.filter((each) => !acknowledged.some((other) => isSame(each, other) && precedes(each, other)));
  const unread = last.filter((each) => history.consumerRead(each.op.stream, each.op.consumer) === undefined);
  return {
    judged: acknowledged.length,
    unread: unread.map((each) => `consumer ${each.op.consumer} of stream ${each.op.stream}`),
    violations: last.filter((each) => !unread.includes(each)).flatMap((each) => violationOf(history, each, changes)),
  };
}

function isSame(a: ConsumerChange, b: ConsumerChange): boolean {
  return a !== b && a.op.stream === b.op.stream && a.op.consumer === b.op.consumer;
}

function violationOf(history: History, change: ConsumerChange, changes: readonly ConsumerChange[]): Violation[] {
  const { stream, consumer } = change.op;
  const exists = history.consumerRead(stream, consumer)?.missing !== true;
  const wanted = change.op.kind === "create-consumer";
  if (exists === wanted) {
    return [];
  }
  const overtaken = changes.some((each) => isSame(change, each) && each.op.kind !== change.op.kind && !precedes(each, change));
  const says = wanted ? `consumer ${consumer} of ${stream} does not exist` : `consumer ${consumer} of ${stream} is back`;
  return overtaken ? [] : [{ says, operations: [change] }];
}
