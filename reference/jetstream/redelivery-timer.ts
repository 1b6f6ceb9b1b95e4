/**
 * Messages whose acknowledgement is overdue go to the redelivery queue, in stream order. The whole pending table is looked at, but
 * only when the earliest known deadline has passed.
 */
import { adviseMaxDeliveries } from "./consumer-advisories.ts";
import type { ConsumerCore } from "./consumer-core.ts";
import { giveUp } from "./consumer-delivery.ts";

export function expirePending(core: ConsumerCore, nowMs: number): void {
  if (nowMs < core.ackDueMs) {
    return;
  }
  const { pending, redeliveries } = core.state;
  const overdue: number[] = [];
  let nextDueMs = Number.POSITIVE_INFINITY;
  pending.forEach((sequence, _consumerSequence, sinceMs) => {
    const dueMs = sinceMs + core.ackWaitMsFor(redeliveries.get(sequence) ?? 0);
    if (nowMs < dueMs) {
      nextDueMs = Math.min(nextDueMs, dueMs);
    } else if (!core.redelivery.has(sequence)) {
      overdue.push(sequence);
    }
  });
  core.ackDueMs = nextDueMs;
  for (const sequence of overdue.sort((a, b) => a - b)) {
    expire(core, sequence, nowMs);
  }
}

/** Everything that waits for an acknowledgement is delivered again, because deliveries go somewhere else now. */
export function expireAll(core: ConsumerCore, nowMs: number): void {
  const waiting = core.state.pending.sequences().filter((sequence) => !core.redelivery.has(sequence));
  for (const sequence of waiting.sort((a, b) => a - b)) {
    expire(core, sequence, nowMs);
  }
}

function expire(core: ConsumerCore, sequence: number, nowMs: number): void {
  const { maxDeliver } = core.settings;
  const redeliveries = core.state.redeliveries.get(sequence) ?? 0;
  const deliveries = Math.max(redeliveries, 1);
  // A single permitted delivery is over when it expires; more are given up when the next one would be due (see nextRedelivery).
  if (maxDeliver > 0 && deliveries >= maxDeliver) {
    adviseMaxDeliveries(core, sequence, redeliveries + 1);
    giveUp(core, sequence, deliveries);
    return;
  }
  core.redelivery.add(sequence);
  core.state.pending.touch(sequence, nowMs);
}

/** After the ack wait or the redelivery schedule changed, or after a restart. */
export function recomputeAckDue(core: ConsumerCore): void {
  core.ackDueMs = Number.POSITIVE_INFINITY;
  core.state.pending.forEach((sequence, _consumerSequence, sinceMs) => {
    core.ackDueMs = Math.min(core.ackDueMs, sinceMs + core.ackWaitMsFor(core.state.redeliveries.get(sequence) ?? 0));
  });
}
