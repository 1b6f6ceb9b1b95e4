/** The checks a publish asks for by its headers, before de-duplication. The order is the official one. */

import { type ApiError, apiErrors, because, filled, lastMayBeLost } from "./errors.ts";
import { parseGoDuration } from "./go-duration.ts";
import { firstLost, lastOn } from "./message-lookup.ts";
import { digitsOf, type PublishHeaders } from "./publish-headers.ts";
import type { Stream } from "./stream.ts";
import { isValidLiteral } from "./subjects.ts";

interface Publish {
  readonly stream: Stream;
  readonly subject: string;
}

export function checkHeaders(headers: PublishHeaders, publish: Publish): ApiError | undefined {
  const increment = incrementProblem(headers);
  if (increment !== undefined) {
    return increment;
  }
  if (headers.has("expectedStream") && headers.text("expectedStream") !== publish.stream.name) {
    return apiErrors.streamNotMatch;
  }
  if (headers.has("timeToLive") && (secondsToLive(headers.text("timeToLive")) ?? 0) !== 0) {
    return apiErrors.messageTTLDisabled;
  }
  return checkExpectedSequences(headers, publish) ?? checkSchedule(headers, publish.subject) ?? checkSource(headers);
}

/** No stream counts yet. */
export function incrementProblem(headers: PublishHeaders): ApiError | undefined {
  if (!headers.has("increment")) {
    return undefined;
  }
  return /^[+-]?\d+$/.test(headers.text("increment")) ? apiErrors.messageIncrDisabled : apiErrors.messageIncrInvalid;
}

/** A rollup has to be allowed, and to be one of two words in any case. */
export function rollupProblem(headers: PublishHeaders, { config }: Stream): ApiError | undefined {
  const rollup = headers.text("rollup").toLowerCase();
  if (rollup === "") {
    return undefined;
  }
  if (!config.allow_rollup_hdrs || config.deny_purge) {
    return because(apiErrors.streamRollupFailed, "rollup not permitted");
  }
  const isKnown = rollup === "sub" || rollup === "all";
  return isKnown ? undefined : because(apiErrors.streamRollupFailed, `rollup value invalid: ${JSON.stringify(rollup)}`);
}

/** Inside batches every TTL but 0 is refused as disabled, readable or not. */
export function hasTimeToLive(headers: PublishHeaders): boolean {
  return headers.has("timeToLive") && secondsToLive(headers.text("timeToLive")) !== 0;
}

/** A TTL of 0 is none; one that can't be read is told only when everything else is right. */
export function ttlProblem(headers: PublishHeaders): ApiError | undefined {
  return headers.has("timeToLive") && secondsToLive(headers.text("timeToLive")) === undefined ? apiErrors.messageTTLInvalid : undefined;
}

/** Whole seconds, -1 for "never", undefined for what is neither a number, a duration of at least a second, nor "never". */
function secondsToLive(text: string): number | undefined {
  if (text.toLowerCase() === "never") {
    return -1;
  }
  const duration = parseGoDuration(text);
  if (duration !== undefined) {
    return duration < 1e9 ? undefined : Math.floor(duration / 1e9);
  }
  const seconds = digitsOf(text);
  return seconds < 0 ? undefined : seconds;
}

function checkExpectedSequences(headers: PublishHeaders, { stream, subject }: Publish): ApiError | undefined {
  if (headers.has("expectedLastSubjectSequence")) {
    const asked = headers.has("expectedLastSubjectSequenceSubject") ? headers.text("expectedLastSubjectSequenceSubject") : subject;
    const last = lastOn(stream.messages, asked);
    const lost = last === 0 ? firstLost(stream.messages, 1) : 0;
    if (lost > 0) {
      return lastMayBeLost(stream.sequences.shown(lost));
    }
    if (last !== stream.sequences.expected(headers.text("expectedLastSubjectSequence"))) {
      return filled(apiErrors.streamWrongLastSequence, { seq: stream.sequences.shown(last) });
    }
  } else if (headers.has("expectedLastSubjectSequenceSubject")) {
    return apiErrors.streamExpectedLastSeqPerSubjectInvalid;
  }
  if (headers.has("expectedLastSequence")) {
    const last = stream.messages.state.lastSequence;
    if (last !== stream.sequences.expected(headers.text("expectedLastSequence"))) {
      return filled(apiErrors.streamWrongLastSequence, { seq: stream.sequences.shown(last) });
    }
  }
  return undefined;
}

export function checkSchedule(headers: PublishHeaders, subject: string): ApiError | undefined {
  if (headers.has("schedule")) {
    return apiErrors.messageSchedulesDisabled;
  }
  const scheduler = headers.text("scheduler");
  if (!headers.has("scheduleNext")) {
    return scheduler === "" ? undefined : apiErrors.messageSchedulesSchedulerInvalid;
  }
  if (headers.text("scheduleNext") !== "purge" || scheduler === subject || !isValidLiteral(scheduler)) {
    return apiErrors.messageSchedulesSchedulerInvalid;
  }
  return apiErrors.messageSchedulesDisabled;
}

function checkSource(headers: PublishHeaders): ApiError | undefined {
  return headers.has("source") ? apiErrors.messageSourceHdrNotAllowed : undefined;
}
