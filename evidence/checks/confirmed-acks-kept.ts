/**
 * A double ack that was answered is final: that consumer never delivers the message again, neither when asked at the end nor during the run, and its ack
 * floor does not lie below the messages it confirmed without a gap. A plain ack promises nothing and is not judged.
 *
 * A delivery that was on its way to another client may arrive after the answer; it counts in the acknowledging client, and after the server began anew.
 */
import type { ConsumerReadEvent } from "../history/events.ts";
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

type Ack = OperationRecord<OperationOf<"ack">>;

export const confirmedAcksKept: Check = {
  id: "confirmed-acks-kept",
  subject: "confirmed",
  says: "A message whose double ack was answered is never delivered again by that consumer.",
  judge(history) {
    const { confirmed, unread, violations, redelivered } = findUndoneAcks(history);
    const figures = { confirmed, redelivered, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `confirmed acks undone: ${violations[0]?.says}`, figures, violations });
    }
    const [first] = unread;
    if (first !== undefined) {
      return inconclusive(`consumer ${first} was not read back`, figures);
    }
    if (confirmed === 0) {
      return inconclusive("no double ack was answered, so none could be undone", figures);
    }
    return pass(`${counted(confirmed, "confirmed ack")} kept`, figures);
  },
};

export interface UndoneAcks {
  readonly confirmed: number;
  readonly redelivered: number;
  readonly unread: readonly string[];
  readonly violations: readonly Violation[];
}

export function findUndoneAcks(history: History): UndoneAcks {
  const confirmed = history.of("ack").filter((each) => each.op.confirmed && each.outcome === "ok" && !isConsumerReplaced(history, each));
  const consumers = Map.groupBy(confirmed, (each) => JSON.stringify([each.op.stream, each.op.consumer]));
  const unread: string[] = [];
  const violations: Violation[] = deliveredLater(history, confirmed);
  let redelivered = violations.length;
  for (const acks of consumers.values()) {
    const [first] = acks;
    const read = first === undefined ? undefined : history.consumerRead(first.op.stream, first.op.consumer);
    if (first === undefined || read === undefined) {
      unread.push(first?.op.consumer ?? "");
      continue;
    }
    if (read.missing === true) {
      violations.push({
        says: `consumer ${read.consumer} does not exist, and ${counted(acks.length, "confirmed ack")} with it`,
        operations: [first],
      });
      continue;
    }
    const again = deliveredAgain(acks, read);
    redelivered += again.length;
    violations.push(...again.map((ack) => ({ says: `message ${ack.op.seq} was delivered again by ${read.consumer}`, operations: [ack] })));
    violations.push(...floorBelow(history, acks, read));
  }
  return { confirmed: confirmed.length, redelivered, unread, violations };
}

/** Deleted, or its stream was: a consumer of the name that exists later is another one. */
function isConsumerReplaced(history: History, ack: Ack): boolean {
  const { stream, consumer } = ack.op;
  const deletes = history.of("delete-consumer").filter((each) => each.op.stream === stream && each.op.consumer === consumer);
  return streamDeleteAfter(history, ack) || deletes.some((each) => mayHaveHappened(each) && !precedes(each, ack));
}

function deliveredAgain(acks: readonly Ack[], read: ConsumerReadEvent): Ack[] {
  const again = new Set(read.redelivered);
  return [...new Map(acks.map((ack) => [ack.op.seq, ack])).values()].filter((ack) => again.has(ack.op.seq));
}

function deliveredLater(history: History, confirmed: readonly Ack[]): Violation[] {
  const first = new Map<string, Ack>();
  for (const ack of confirmed.toSorted((a, b) => b.end - a.end)) {
    first.set(JSON.stringify([ack.op.stream, ack.op.consumer, ack.op.seq]), ack);
  }
  const begun = history.events.flatMap((event, position) => (event.type === "epoch" ? [position] : []));
  return history.deliveries.flatMap(({ event, position }) => {
    const ack = first.get(JSON.stringify([event.stream, event.consumer, event.seq]));
    if (ack === undefined || position < ack.end) {
      return [];
    }
    const isCertain = event.process === ack.process || begun.some((epoch) => epoch > ack.end && epoch < position);
    return isCertain ? [{ says: `message ${event.seq} was delivered again by ${event.consumer}`, operations: [ack] }] : [];
  });
}

/** The floor is certain only up to the first sequence, counted from 1, that was not confirmed. */
function floorBelow(history: History, acks: readonly Ack[], read: ConsumerReadEvent): Violation[] {
  const bySeq = new Map(acks.map((ack) => [ack.op.seq, ack]));
  let last: Ack | undefined;
  for (let seq = 1n; bySeq.has(String(seq)); seq += 1n) {
    last = bySeq.get(String(seq));
  }
  if (last === undefined || read.ackFloorSeq === undefined || BigInt(read.ackFloorSeq) >= BigInt(last.op.seq)) {
    return [];
  }
  const floor = `the ack floor of ${read.consumer} is ${read.ackFloorSeq}`;
  const [published] = history.ownersOf(read.stream, last.op.seq);
  const says = `${floor} after 1 to ${last.op.seq} were confirmed`;
  return [{ says, operations: published === undefined ? [last] : [published, last] }];
}
