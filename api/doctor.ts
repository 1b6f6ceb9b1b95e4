/** doctor: what this machine can do, what is missing, and what earlier runs that were killed left behind. */
import { type Leftover, removeLeftovers } from "../targets/leftovers.ts";
import { type MachineFact, probeMachine } from "../targets/machine.ts";
import { resolveRequest, type TargetRequest } from "./target-request.ts";

export interface DoctorReport {
  readonly facts: readonly MachineFact[];
  /** Capability → undefined when the target has it here, else the reason why not. */
  readonly capabilities: Readonly<Record<string, string | undefined>>;
}

/** Looks and tries; changes nothing that outlives the call. */
export async function examineMachine(request: TargetRequest = {}): Promise<DoctorReport> {
  const [facts, target] = await Promise.all([probeMachine(), resolveRequest(request)]);
  const { has, missing } = await target.capabilities();
  const names = [...has, ...missing.keys()].sort();
  return { facts, capabilities: Object.fromEntries(names.map((name) => [name, missing.get(name)])) };
}

/** Ends processes, unmounts images and removes folders of runs whose own process is gone. */
export function removeLeftBehind(leftovers?: readonly Leftover[]): Promise<void> {
  return removeLeftovers(leftovers);
}
