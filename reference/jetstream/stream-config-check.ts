/**
 * Defaults and validation of a stream configuration, in the order of the official server so that a configuration with two faults gets
 * the same answer. Features that this server does not have yet are refused by name, never ignored.
 */

import { type ApiError, apiErrors, because, filled, isApiError } from "./errors.ts";
import { formatGoDuration } from "./go-duration.ts";
import type { Int64 } from "./json/decode.ts";
import { printJson } from "./json/print.ts";
import type { StreamConfig, StreamConfigRequest } from "./stream-config.ts";
import { storedMetadata } from "./stream-config.ts";
import { checkStreamSubjects } from "./stream-config-subjects.ts";

const NAME_LENGTH_MAX = 255;
const DESCRIPTION_LENGTH_MAX = 4096;
const METADATA_BYTES_MAX = 128 * 1024;
const REPLICAS_MAX = 5;
const MILLISECOND = 1_000_000;
/** Windows and ages below this are refused. */
const SHORTEST_TIME = 100 * MILLISECOND;
const DEFAULT_DUPLICATE_WINDOW = 120_000 * MILLISECOND;

export interface ConfigRules {
  /** Server limit of the duplicate window in nanoseconds, 0 for none. */
  readonly duplicateWindowMax: Int64;
}

/** The complete configuration, or why there can be none. */
export function checkStreamConfig(request: StreamConfigRequest, rules: ConfigRules): StreamConfig | ApiError {
  return checkName(request) ?? checkTexts(request) ?? completed(request, rules);
}

export function invalidConfig(err: string): ApiError {
  return because(apiErrors.streamInvalidConfig, err);
}

/** A valid stream or consumer name has no white space, wildcards, dots or path separators. */
export function isValidName(name: string): boolean {
  return name !== "" && !/[ \t\r\n\f.*>\\/]/.test(name);
}

function checkName({ name = "" }: StreamConfigRequest): ApiError | undefined {
  if (!isValidName(name)) {
    return invalidConfig("stream name is required and can not contain '.', '*', '>', '\\', '/'");
  }
  if (Buffer.byteLength(name) > NAME_LENGTH_MAX) {
    return invalidConfig(`stream name is too long, maximum allowed is ${NAME_LENGTH_MAX}`);
  }
  return undefined;
}

function checkTexts({ description = "", metadata = {} }: StreamConfigRequest): ApiError | undefined {
  if (Buffer.byteLength(description) > DESCRIPTION_LENGTH_MAX) {
    return invalidConfig(`stream description is too long, maximum allowed is ${DESCRIPTION_LENGTH_MAX}`);
  }
  const bytes = Object.entries(metadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return bytes > METADATA_BYTES_MAX ? invalidConfig(`stream metadata exceeds maximum size of ${METADATA_BYTES_MAX} bytes`) : undefined;
}

function completed(request: StreamConfigRequest, rules: ConfigRules): StreamConfig | ApiError {
  const limits = checkLimits(request);
  if (isApiError(limits)) {
    return limits;
  }
  const window = checkTimes(request, rules);
  if (isApiError(window)) {
    return window;
  }
  const subjects = request.subjects === undefined || request.subjects.length === 0 ? [request.name ?? ""] : request.subjects;
  const refused =
    checkFlags(request) ??
    checkSupported(request) ??
    checkStreamSubjects(subjects, { noAck: request.no_ack === true, replicas: limits.num_replicas });
  if (refused !== undefined) {
    return refused;
  }
  return {
    name: request.name ?? "",
    description: request.description === "" ? undefined : request.description,
    subjects,
    retention: request.retention ?? "limits",
    ...limits,
    max_age: request.max_age ?? 0,
    discard: request.discard ?? "old",
    storage: request.storage ?? "file",
    no_ack: request.no_ack ?? false,
    duplicate_window: window,
    compression: request.compression ?? "none",
    first_seq: request.first_seq ?? 0,
    allow_direct: request.allow_direct ?? false,
    mirror_direct: request.mirror_direct ?? false,
    discard_new_per_subject: request.discard_new_per_subject ?? false,
    sealed: request.sealed ?? false,
    deny_delete: request.deny_delete ?? false,
    deny_purge: request.deny_purge ?? false,
    allow_rollup_hdrs: request.allow_rollup_hdrs ?? false,
    consumer_limits: {
      inactive_threshold: request.consumer_limits?.inactive_threshold,
      max_ack_pending: request.consumer_limits?.max_ack_pending,
    },
    allow_msg_ttl: false,
    allow_atomic: request.allow_atomic ?? false,
    allow_batched: request.allow_batched ?? false,
    metadata: storedMetadata(request),
  };
}

type Limits = Pick<StreamConfig, "num_replicas" | "max_msgs" | "max_msgs_per_subject" | "max_bytes" | "max_msg_size" | "max_consumers">;

/** 0 and everything below -1 mean "no limit"; pedantic clients are told instead. */
function checkLimits(request: StreamConfigRequest): Limits | ApiError {
  const replicas = request.num_replicas ?? 0;
  if (replicas > REPLICAS_MAX) {
    return invalidConfig(`maximum replicas is ${REPLICAS_MAX}`);
  }
  if (replicas < 0) {
    return apiErrors.replicasCountCannotBeNegative;
  }
  const names = ["max_msgs", "max_msgs_per_subject", "max_bytes", "max_msg_size", "max_consumers"] as const;
  const odd = request.pedantic === true ? names.find((name) => (request[name] ?? 0) < -1) : undefined;
  if (odd !== undefined) {
    return because(apiErrors.pedantic, `${odd} must be set to -1`);
  }
  return {
    num_replicas: replicas === 0 ? 1 : replicas,
    max_msgs: limitOf(request.max_msgs),
    max_msgs_per_subject: limitOf(request.max_msgs_per_subject),
    max_bytes: limitOf(request.max_bytes),
    max_msg_size: Number(limitOf(request.max_msg_size)),
    max_consumers: limitOf(request.max_consumers),
  };
}

function limitOf(value: Int64 | undefined): Int64 {
  return value === undefined || value < 1 ? -1 : value;
}

/** Age and duplicate window; the answer is the window. */
function checkTimes(request: StreamConfigRequest, rules: ConfigRules): Int64 | ApiError {
  const age = request.max_age ?? 0;
  if (age < 0) {
    return invalidConfig("max age can not be negative");
  }
  if (age !== 0 && age < SHORTEST_TIME) {
    return invalidConfig("max age needs to be >= 100ms");
  }
  const window = request.duplicate_window ?? 0;
  if (window === 0) {
    return defaultWindow(request, { age, max: rules.duplicateWindowMax });
  }
  if (window < 0) {
    return invalidConfig("duplicates window can not be negative");
  }
  if (age !== 0 && window > age) {
    return invalidConfig("duplicates window can not be larger then max age");
  }
  if (rules.duplicateWindowMax > 0 && window > rules.duplicateWindowMax) {
    return invalidConfig(`duplicates window can not be larger then server limit of ${formatGoDuration(rules.duplicateWindowMax)}`);
  }
  return window < SHORTEST_TIME ? invalidConfig("duplicates window needs to be >= 100ms") : window;
}

function defaultWindow({ pedantic }: StreamConfigRequest, { age, max }: { age: Int64; max: Int64 }): Int64 | ApiError {
  const capped = max > 0 && DEFAULT_DUPLICATE_WINDOW > max;
  if (capped && pedantic === true) {
    return because(apiErrors.pedantic, "duplicate window limits are higher than current limits");
  }
  const window = capped ? max : DEFAULT_DUPLICATE_WINDOW;
  if (age === 0 || age >= window) {
    return window;
  }
  return pedantic === true ? because(apiErrors.pedantic, "duplicate window cannot be bigger than max age") : age;
}

function checkFlags(request: StreamConfigRequest): ApiError | undefined {
  if (request.deny_purge === true && request.allow_rollup_hdrs === true) {
    return invalidConfig("roll-ups require the purge permission");
  }
  if (request.discard_new_per_subject === true) {
    if (request.discard !== "new") {
      return invalidConfig("discard new per subject requires discard new policy to be set");
    }
    if ((request.max_msgs_per_subject ?? 0) <= 0) {
      return invalidConfig("discard new per subject requires max msgs per subject > 0");
    }
  }
  return undefined;
}

/** Official features that are not here yet; a client learns which field asks for one. */
function checkSupported(request: StreamConfigRequest): ApiError | undefined {
  if ((request.subject_delete_marker_ttl ?? 0) < 0) {
    return invalidConfig("subject delete marker TTL must not be negative");
  }
  const asked: readonly [string, boolean][] = [
    ["mirror", request.mirror !== undefined],
    ["sources", request.sources !== undefined && request.sources.length > 0],
    ["subject_transform", request.subject_transform !== undefined],
    ["republish", request.republish !== undefined],
    ["placement", request.placement !== undefined && printJson(request.placement) !== "{}"],
    ["compression", request.compression === "s2"],
    ["allow_msg_ttl", request.allow_msg_ttl === true],
    ["subject_delete_marker_ttl", (request.subject_delete_marker_ttl ?? 0) > 0],
    ["allow_msg_counter", request.allow_msg_counter === true],
    ["allow_msg_schedules", request.allow_msg_schedules === true],
    ["persist_mode", request.persist_mode === "async"],
  ];
  const field = asked.find(([, isAsked]) => isAsked)?.[0];
  return field === undefined ? undefined : filled(apiErrors.streamInvalidConfig, { err: `${field} is not supported by this server yet` });
}
