/**
 * What one client publishes to a stream keeps its order: sequences rise in the order the publishes were sent, and the messages read back stand in
 * that order. Unanswered publishes are left out: after a broken connection the server may still take them later.
 */
import type { History } from "../history/history.ts";
import type { AcknowledgedPublish } from "../history/operation-record.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const orderPerWriter: Check = {
  id: "order-per-writer",
  subject: "acknowledged",
  says: "The publishes of one client to a stream keep their order, in their sequences and when read back.",
  judge(history) {
    const originals = history.acknowledged().filter((ack) => ack.duplicate !== true);
    const writers = Map.groupBy(originals, (ack) => JSON.stringify([ack.process, ack.op.stream]));
    const violations = [
      ...[...writers.values()].flatMap((acks) => disordered(history, acks)),
      ...history.streams.flatMap((stream) => readOutOfOrder(history, stream)),
    ];
    const figures = { writers: writers.size, acknowledged: originals.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "message")} out of its writer's order`, figures, violations });
    }
    const incomplete = history.whyReadBackIncomplete();
    return incomplete === undefined ? pass(`${counted(writers.size, "writer")} in order`, figures) : inconclusive(incomplete, figures);
  },
};

function disordered(history: History, acks: readonly AcknowledgedPublish[]): Violation[] {
  const sent = acks.toSorted((a, b) => a.begin - b.begin);
  return [...acknowledgedOutOfOrder(history, sent), ...standingOutOfOrder(history, sent)];
}

function acknowledgedOutOfOrder(history: History, sent: readonly AcknowledgedPublish[]): Violation[] {
  return sent.flatMap((later, index) => {
    const earlier = sent[index - 1];
    if (earlier === undefined || compareSequences(earlier.seq, later.seq) < 0 || betweenStreams(history, earlier, later)) {
      return [];
    }
    const says = `sent first, acknowledged at ${earlier.seq}; sent next, acknowledged at ${later.seq}`;
    return [{ says, operations: [earlier, later] }];
  });
}

/** Against the one that stands highest of all that were sent before: those in between may be gone. */
function standingOutOfOrder(history: History, sent: readonly AcknowledgedPublish[]): Violation[] {
  const stands = standingSequences(history, sent);
  const violations: Violation[] = [];
  let highest: { ack: AcknowledgedPublish; at: bigint } | undefined;
  for (const ack of sent) {
    const at = stands.get(ack.op.digest);
    if (at === undefined) {
      continue;
    }
    if (highest === undefined || at > highest.at || betweenStreams(history, highest.ack, ack)) {
      highest = { ack, at };
      continue;
    }
    violations.push({ says: `sent first, read back at ${highest.at}; sent later, read back at ${at}`, operations: [highest.ack, ack] });
  }
  return violations;
}

/** Where each digest was read back. A digest that was sent or read twice says nothing about order. */
function standingSequences(history: History, sent: readonly AcknowledgedPublish[]): Map<string, bigint> {
  const stands = new Map<string, bigint>();
  const [first] = sent;
  if (first === undefined) {
    return stands;
  }
  const sends = new Map<string, number>();
  for (const { op } of sent) {
    sends.set(op.digest, (sends.get(op.digest) ?? 0) + 1);
  }
  const twice = new Set<string>();
  for (const { digest, seq } of history.readBack(first.op.stream).values()) {
    if (digest === undefined || sends.get(digest) !== 1 || twice.has(digest)) {
      continue;
    }
    if (stands.delete(digest)) {
      twice.add(digest);
    } else {
      stands.set(digest, BigInt(seq));
    }
  }
  return stands;
}

function readOutOfOrder(history: History, stream: string): Violation[] {
  const reads = history.lastReadBack(stream)?.reads ?? [];
  return reads.flatMap((read, index) => {
    const before = reads[index - 1];
    if (before === undefined || BigInt(before.seq) < BigInt(read.seq)) {
      return [];
    }
    return [{ says: `stream ${stream} gave sequence ${read.seq} after ${before.seq}`, operations: [] }];
  });
}
