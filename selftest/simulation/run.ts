/** What a simulated run is told, what it waits for, and what it tells. */
import type { MachineSizes } from "./machine.ts";
import type { Change } from "./model.ts";
import type { Ending } from "./operations.ts";

export interface RunOptions {
  readonly seed: number;
  readonly sizes?: MachineSizes;
  /** The machine dies at that disk call, counted from the first start. */
  readonly dieAt?: { readonly call: number; readonly ending: Ending };
  /** Ends after the last operation, without the final look: for counting disk calls. */
  readonly measuresOnly?: boolean;
}

export interface RunResult {
  /** Undefined when everything held. */
  readonly violation: { readonly step: number; readonly says: string } | undefined;
  /** Equal for equal runs. */
  readonly trace: number;
  readonly crashes: number;
  readonly answers: number;
  readonly deliveries: number;
  readonly diskCalls: number;
}

/** A request whose answer is still to come. */
export interface Waiting {
  readonly client: number;
  readonly change: Change;
  expected: string;
  readonly isAnswered: boolean;
  /** How many changes were asked for when this one was. */
  position: number;
  readonly acknowledged: { readonly identity: string; readonly sequence: number } | undefined;
}

/** Something did not hold. */
export class Violation extends Error {}

export function mustHold(wrong: string | undefined): void {
  if (wrong !== undefined) {
    throw new Violation(wrong);
  }
}
