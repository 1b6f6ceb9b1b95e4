/**
 * The smallest set of operations that shows a failure. A check names, for every violation it finds, the operations that a reader needs to see
 * it and no others; the witness is the violation with the fewest of them, told in the order of the history with the faults in between.
 */
import type { FaultEvent, Operation } from "../history/events.ts";
import type { History } from "../history/history.ts";
import type { OperationRecord } from "../history/operation-record.ts";

export interface Violation {
  /** What was found, in one sentence. */
  readonly says: string;
  readonly operations: readonly OperationRecord[];
}

/** A witness longer than this is no witness. Faults are cut first, then the oldest operations. */
export const witnessLinesMax = 20;

export function smallestWitness(violations: readonly Violation[]): Violation | undefined {
  return violations.reduce<Violation | undefined>(
    (smallest, each) => (smallest === undefined || each.operations.length < smallest.operations.length ? each : smallest),
    undefined,
  );
}

export function witnessOf(history: History, violations: readonly Violation[]): string[] {
  const smallest = smallestWitness(violations);
  if (smallest === undefined) {
    return [];
  }
  const operations = smallest.operations.slice(-(witnessLinesMax - 1));
  const from = Math.min(...operations.map((record) => record.invokedAt), Number.POSITIVE_INFINITY);
  const room = witnessLinesMax - 1 - operations.length;
  const faults = room > 0 ? history.faults.filter((fault) => operations.length === 0 || fault.at >= from).slice(-room) : [];
  const lines = [
    ...operations.map((record) => ({ at: record.invokedAt, text: describeRecord(record) })),
    ...faults.map((fault) => ({ at: fault.at, text: describeFault(fault) })),
  ].sort((a, b) => a.at - b.at);
  return [...lines.map((line) => `${seconds(line.at)}  ${line.text}`), `found  ${smallest.says}`];
}

function describeFault(fault: FaultEvent): string {
  return `fault ${fault.fault}: ${fault.evidence.summary}`;
}

export function describeRecord(record: OperationRecord): string {
  const place = record.batch === undefined ? "" : `, ${record.batch.position} of ${record.batch.size} of batch ${record.batch.id}`;
  const asked = `client ${record.process}: ${describeOperation(record.op)}${place}`;
  if (record.outcome === "ok") {
    return `${asked} → ${describeAnswer(record)}`;
  }
  const why = record.error?.description ?? "no answer";
  return record.outcome === "fail" ? `${asked} → refused (${why})` : `${asked} → unknown (${why})`;
}

function describeAnswer({ op, seq, duplicate, message, figures, state, absent }: OperationRecord): string {
  if (op.kind === "stream-info" || op.kind === "consumer-info") {
    return absent === true ? "none" : JSON.stringify(figures ?? state);
  }
  if (op.kind === "get") {
    return message === undefined ? "no message" : `seq ${message.seq}, digest ${message.digest}`;
  }
  return `acknowledged${seq === undefined ? "" : ` seq ${seq}`}${duplicate === true ? " as a duplicate" : ""}`;
}

export function describeOperation(op: Operation): string {
  switch (op.kind) {
    case "publish":
      return `publish ${op.subject} to ${op.stream}, digest ${op.digest}${describeConditions(op)}`;
    case "publish-batch":
      return `publish batch ${op.batch} of ${op.messages.length} to ${op.stream}`;
    case "get":
      return `get ${op.seq ?? `the last of ${op.subject ?? ">"}`} of ${op.stream}`;
    case "create-stream":
    case "update-stream":
    case "delete-stream":
    case "stream-info":
      return `${op.kind.replace("-", " ")} ${op.stream}`;
    case "purge":
      return `purge ${op.stream}${describePurge(op)}`;
    case "delete-message":
      return `delete message ${op.seq} of ${op.stream}`;
    case "create-consumer":
    case "delete-consumer":
    case "consumer-info":
      return `${op.kind.replace("-", " ")} ${op.consumer} on ${op.stream}`;
    case "ack":
      return `${op.confirmed ? "double-ack" : "ack"} ${op.seq} of ${op.stream} by ${op.consumer}`;
    default:
      return `${op.kind} ${op.seq} of ${op.stream} by ${op.consumer}`;
  }
}

function describeConditions(op: Extract<Operation, { kind: "publish" }>): string {
  const filter = op.expectLastSubjectFilter === undefined ? "" : ` of ${op.expectLastSubjectFilter}`;
  const parts = [
    op.msgId === undefined ? "" : `, id ${op.msgId}`,
    op.expectLastSeq === undefined ? "" : `, expecting last ${op.expectLastSeq}`,
    op.expectLastSubjectSeq === undefined ? "" : `, expecting subject last ${op.expectLastSubjectSeq}${filter}`,
    op.expectLastMsgId === undefined ? "" : `, expecting last id ${op.expectLastMsgId}`,
    op.rollup === undefined ? "" : `, rollup ${op.rollup}`,
  ];
  return parts.join("");
}

function describePurge(op: Extract<Operation, { kind: "purge" }>): string {
  const filter = op.filter === undefined ? "" : ` of ${op.filter}`;
  const below = op.below === undefined ? "" : ` below ${op.below}`;
  return `${filter}${below}${op.keep === undefined ? "" : ` keeping ${op.keep}`}`;
}

function seconds(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)}s`;
}
