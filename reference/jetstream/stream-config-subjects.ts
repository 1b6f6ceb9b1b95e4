/** What subjects a stream may capture: valid, not overlapping each other, and outside the API's own subject space unless nobody is answered. */
import { type ApiError, apiErrors, because } from "./errors.ts";
import type { Int64 } from "./json/decode.ts";
import { isSubset, isValidPattern, patternsCollide } from "./subjects.ts";

const JETSTREAM_SPACES = ["$JS.>", "$JSC.>", "$NRG.>"];

export function checkStreamSubjects(
  subjects: readonly string[],
  { noAck, replicas }: { noAck: boolean; replicas: Int64 },
): ApiError | undefined {
  for (const [index, subject] of subjects.entries()) {
    const problem =
      validity(subject, subjects.slice(0, index)) ??
      captureAll(subject, { noAck, replicas }) ??
      (noAck ? undefined : reserved(subject)) ??
      overlap(subject, subjects.slice(index + 1));
    if (problem !== undefined) {
      return because(apiErrors.streamInvalidConfig, problem);
    }
  }
  return undefined;
}

function validity(subject: string, earlier: readonly string[]): string | undefined {
  if (!isValidPattern(subject)) {
    return "invalid subject";
  }
  return earlier.includes(subject) ? "duplicate subjects detected" : undefined;
}

function captureAll(subject: string, { noAck, replicas }: { noAck: boolean; replicas: Int64 }): string | undefined {
  if (subject !== ">") {
    return undefined;
  }
  if (!noAck) {
    return "capturing all subjects requires no-ack to be true";
  }
  return replicas === 1 ? undefined : "capturing all subjects requires replicas of 1";
}

/** Acknowledging what is captured there would answer the server's own traffic. */
function reserved(subject: string): string | undefined {
  if (JETSTREAM_SPACES.some((space) => patternsCollide(subject, space)) && !isSubset(subject, "$JS.EVENT.>")) {
    return "subjects that overlap with jetstream api require no-ack to be true";
  }
  if (patternsCollide(subject, "$SYS.>") && !isSubset(subject, "$SYS.ACCOUNT.>")) {
    return "subjects that overlap with system api require no-ack to be true";
  }
  return undefined;
}

function overlap(subject: string, later: readonly string[]): string | undefined {
  // An exact repeat is told as a duplicate when its own turn comes.
  const other = later.find((candidate) => patternsCollide(candidate, subject));
  return other === undefined ? undefined : `subject ${JSON.stringify(subject)} overlaps with ${JSON.stringify(other)}`;
}
