/**
 * What running a case came to, before known-failing lists are applied. A server that errs, falls silent or goes away has failed; only a mistake
 * of the judge is an error.
 */
import type { LossPicture } from "../../evidence/results/schema.ts";
import { TargetError } from "../../targets/target.ts";
import { isWireError } from "../../wire/errors.ts";

export interface Verdict {
  readonly outcome: "pass" | "fail" | "inconclusive" | "error";
  readonly reason?: string;
  readonly failure?: StepFailure;
  readonly pictures?: readonly LossPicture[];
  /** Set when no answer came: the server may be gone or silent, and other cases may have suffered for it. */
  readonly lost?: "silent" | "gone";
}

export interface StepFailure {
  readonly message: string;
  readonly where?: string | undefined;
  readonly path?: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** What an exception during a step says about the server. */
export function verdictOfError(error: unknown, where: string | undefined): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  const failure = { message, where };
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "WORKLOAD_NOT_PREPARED" || code === "SERVER_DID_NOT_GO_ON") {
    return { outcome: "fail", failure };
  }
  if (isWireError(error, "WIRE_ARGUMENT_INVALID") || isWireError(error, "WIRE_ADDRESS_INVALID") || isWireError(error, "WIRE_UNSUPPORTED")) {
    return { outcome: "error", reason: message, failure };
  }
  if (code === "WIRE_TIMEOUT" || code === "DEADLINE_PASSED") {
    return { outcome: "fail", failure, lost: "silent" };
  }
  if (isWireError(error)) {
    return { outcome: "fail", failure, lost: "gone" };
  }
  if (error instanceof TargetError) {
    return verdictOfTargetError(error, failure);
  }
  if (code === "STEP_INVALID" || code === "UNKNOWN_VARIABLE") {
    return { outcome: "fail", failure: { ...failure, message: `the reply of an earlier step does not fit here: ${message}` } };
  }
  return {
    outcome: "error",
    reason: message,
    failure: { ...failure, message: error instanceof Error ? (error.stack ?? message) : message },
  };
}

/** Not coming back after a fault is the server's failure; everything else about a target is the environment's. */
function verdictOfTargetError(error: TargetError, failure: StepFailure): Verdict {
  if (error.code === "TARGET_NOT_READY" || error.code === "TARGET_EXITED" || error.code === "TARGET_UNREACHABLE") {
    return { outcome: "fail", failure: { ...failure, message: `the server did not come back: ${error.message}` } };
  }
  return { outcome: "error", reason: error.message, failure };
}
