/** Priority policy overflow (ADR-42): a request with thresholds is served only while one of them is reached. */
import type { ConsumerCore } from "./consumer-core.ts";
import type { WaitingPull } from "./pull-queue.ts";

export function mayOverflow(core: ConsumerCore, { request: { priority } }: WaitingPull): boolean {
  if (priority === undefined || core.config.priority_policy !== "overflow") {
    return true;
  }
  const { minPending, minAckPending } = priority;
  if (minPending <= 0 && minAckPending <= 0) {
    return true;
  }
  return (minPending > 0 && core.toDeliver >= minPending) || (minAckPending > 0 && core.state.pending.size >= minAckPending);
}
