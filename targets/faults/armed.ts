/** A fault that lasts: it waits for its moment or holds until it is released. Whatever it set up goes with `disposeAll` too. */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { type Capability, type Instance, TargetError } from "../target.ts";
import { holdsWithin } from "../waiting.ts";

export interface ArmedFault {
  /** What was seen of it so far. */
  evidence(): FaultEvidence;
  /** Waits until it happened, at most so long; `happened` is false when it did not. */
  happenedWithin(withinMs: number): Promise<FaultEvidence>;
  /** Undoes it. Idempotent; the evidence is the last word about it. */
  release(): Promise<FaultEvidence>;
}

export function demand(instance: Instance, capability: Capability): void {
  const { has, missing } = instance.capabilities;
  if (!has.has(capability)) {
    const reason = missing.get(capability) ?? `it does not offer ${capability}`;
    throw new TargetError("TARGET_CAPABILITY_MISSING", `target "${instance.target.name}": ${reason}`);
  }
}

/** The process that leads the running server's group. */
export function runningPid(instance: Instance): number {
  if (instance.pid === undefined) {
    throw new TargetError("TARGET_FAULT_FAILED", `target "${instance.target.name}" does not run; start it first`);
  }
  return instance.pid;
}

const goneWithinMs = 5000;

/** After a fault that ends the server: until its end is known here too, so that it can be started again. */
export async function untilGone(instance: Instance): Promise<void> {
  await holdsWithin(() => instance.pid === undefined, { withinMs: goneWithinMs });
}
