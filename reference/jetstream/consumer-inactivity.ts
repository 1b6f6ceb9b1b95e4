/** Consumers that nobody uses any more are deleted (`inactive_threshold`; ephemeral consumers always have one). */
import type { ConsumerCore } from "./consumer-core.ts";
import { sweepPulls } from "./pull-service.ts";

/**
 * Has nobody used the consumer for its threshold? When somebody has, the next look is scheduled: after the last request or
 * acknowledgement, or after the last deadline of a delivered message, whose receiver may still be working on it.
 */
export function mayBeDeleted(core: ConsumerCore, nowMs: number): boolean {
  const { inactiveMs } = core.settings;
  sweepPulls(core, nowMs, { endOfStream: false });
  if (core.pulls.length > 0) {
    core.inactiveDueMs = nowMs + inactiveMs;
    return false;
  }
  const idleMs = nowMs - core.lastActivityMs;
  if (idleMs < inactiveMs) {
    core.inactiveDueMs = nowMs + inactiveMs - idleMs;
    return false;
  }
  let dueMs = nowMs;
  core.state.pending.forEach((sequence, _consumerSequence, sinceMs) => {
    dueMs = Math.max(dueMs, sinceMs + core.ackWaitMsFor(core.state.redeliveries.get(sequence) ?? 0) + inactiveMs);
  });
  core.inactiveDueMs = dueMs;
  return dueMs === nowMs;
}
