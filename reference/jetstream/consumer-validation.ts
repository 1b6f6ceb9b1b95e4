/** Is a consumer's configuration acceptable at all? The checks stand in the order in which nats-server 2.15 makes them. */
import { type ConsumerConfig, filtersOf } from "./consumer-config.ts";
import type { ConsumerCaps } from "./consumer-defaults.ts";
import type { ApiError } from "./errors.ts";
import { apiErrors, because, filled } from "./errors.ts";
import { formatGoDuration } from "./go-duration.ts";
import type { Retention } from "./seams.ts";
import { isLiteral, isSubset, isValidPattern, patternsCollide } from "./subjects.ts";

/** What a consumer is checked against. */
export interface ConsumerSurroundings {
  readonly retention: Retention;
  readonly subjects: readonly string[];
  readonly caps: ConsumerCaps;
}

const descriptionMax = 4096;
const metadataMax = 128 * 1024;
const smallestHeartbeatNs = 100_000_000;
const flowControlHeartbeatNs = 1_000_000_000;
const smallestExpiresNs = 1_000_000;

export function checkConsumerConfig(config: ConsumerConfig, around: ConsumerSurroundings): ApiError | undefined {
  return (
    checkNames(config) ??
    checkReplicas(config) ??
    checkAckTiming(config) ??
    checkFlowControlAck(config) ??
    checkSizes(config) ??
    (config.deliver_subject === "" ? checkPull(config, around) : checkPush(config, around)) ??
    checkCaps(config, around.caps) ??
    checkDirect(config) ??
    checkFilters(config) ??
    checkStart(config) ??
    checkRest(config) ??
    checkPriority(config)
  );
}

function checkNames({ name, durable_name }: ConsumerConfig): ApiError | undefined {
  if (name !== "" && !isAssetName(name)) {
    return because(apiErrors.streamInvalidConfig, "consumer name can not contain '.', '*', '>', '\\', '/'");
  }
  if (durable_name !== "" && !isAssetName(durable_name)) {
    return because(apiErrors.streamInvalidConfig, "consumer durable name can not contain '.', '*', '>', '\\', '/'");
  }
  return undefined;
}

function isAssetName(name: string): boolean {
  return !/[ \t\r\n\f.*>\\/]/.test(name);
}

function checkReplicas({ num_replicas }: ConsumerConfig): ApiError | undefined {
  return num_replicas < 0 ? apiErrors.replicasCountCannotBeNegative : undefined;
}

function checkAckTiming({ backoff, ack_wait }: ConsumerConfig): ApiError | undefined {
  if (backoff.some((delay) => delay < 0)) {
    return apiErrors.consumerBackOffNegative;
  }
  return ack_wait < 0 ? apiErrors.consumerAckWaitNegative : undefined;
}

function checkFlowControlAck(config: ConsumerConfig): ApiError | undefined {
  if (config.ack_policy !== "flow_control") {
    return undefined;
  }
  if (config.deliver_subject === "") {
    return apiErrors.consumerAckFCRequiresPush;
  }
  if (!config.flow_control) {
    return apiErrors.consumerAckFCRequiresFC;
  }
  if (config.idle_heartbeat !== flowControlHeartbeatNs) {
    return because(apiErrors.streamInvalidConfig, "flow control ack policy heartbeat needs to be 1s");
  }
  if (config.max_ack_pending <= 0) {
    return apiErrors.consumerAckFCRequiresMaxAckPending;
  }
  if (config.ack_wait !== 0 || config.backoff.length > 0) {
    return apiErrors.consumerAckFCRequiresNoAckWait;
  }
  return config.max_deliver > 0 ? apiErrors.consumerAckFCRequiresNoMaxDeliver : undefined;
}

function checkSizes({ backoff, max_deliver, description }: ConsumerConfig): ApiError | undefined {
  if (backoff.length > 0 && max_deliver !== -1 && backoff.length > max_deliver) {
    return apiErrors.consumerMaxDeliverBackoff;
  }
  return byteLength(description) > descriptionMax ? filled(apiErrors.consumerDescriptionTooLong, { max: descriptionMax }) : undefined;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

function checkPush(config: ConsumerConfig, { subjects }: ConsumerSurroundings): ApiError | undefined {
  const { deliver_subject, idle_heartbeat } = config;
  if (!isLiteral(deliver_subject)) {
    return apiErrors.consumerDeliverToWildcards;
  }
  if (!isValidPattern(deliver_subject)) {
    return apiErrors.consumerInvalidDeliverSubject;
  }
  if (subjects.some((subject) => patternsCollide(subject, deliver_subject))) {
    return apiErrors.consumerDeliverCycle;
  }
  if (config.max_waiting !== 0) {
    return apiErrors.consumerPushMaxWaiting;
  }
  if (config.max_ack_pending > 0 && config.ack_policy === "none") {
    return apiErrors.consumerMaxPendingAckPolicyRequired;
  }
  return idle_heartbeat > 0 && idle_heartbeat < smallestHeartbeatNs ? apiErrors.consumerSmallHeartbeat : undefined;
}

function checkPull(config: ConsumerConfig, { retention, caps }: ConsumerSurroundings): ApiError | undefined {
  if (config.ack_policy === "none" && retention === "workqueue") {
    return apiErrors.consumerPullRequiresAck;
  }
  if (config.rate_limit_bps > 0) {
    return apiErrors.consumerPullWithRateLimit;
  }
  if (config.idle_heartbeat > 0) {
    return apiErrors.consumerHBRequiresPush;
  }
  if (config.flow_control) {
    return apiErrors.consumerFCRequiresPush;
  }
  if (config.max_expires !== 0 && config.max_expires < smallestExpiresNs) {
    return apiErrors.consumerMaxRequestExpiresTooSmall;
  }
  if (caps.serverMaxRequestBatch > 0 && config.max_batch > caps.serverMaxRequestBatch) {
    return filled(apiErrors.consumerMaxRequestBatchExceeded, { limit: caps.serverMaxRequestBatch });
  }
  return undefined;
}

function checkCaps({ max_ack_pending, inactive_threshold }: ConsumerConfig, caps: ConsumerCaps): ApiError | undefined {
  for (const limit of [caps.serverMaxAckPending, caps.streamMaxAckPending]) {
    if (limit > 0 && max_ack_pending > limit) {
      return filled(apiErrors.consumerMaxPendingAckExcess, { limit });
    }
  }
  if (caps.streamInactiveThreshold > 0 && inactive_threshold > caps.streamInactiveThreshold) {
    return filled(apiErrors.consumerInactiveThresholdExcess, { limit: formatGoDuration(caps.streamInactiveThreshold) });
  }
  return undefined;
}

function checkDirect(config: ConsumerConfig): ApiError | undefined {
  if (!config.direct) {
    return undefined;
  }
  if (config.deliver_subject === "") {
    return apiErrors.consumerDirectRequiresPush;
  }
  return config.durable_name === "" ? undefined : apiErrors.consumerDirectRequiresEphemeral;
}

function checkFilters(config: ConsumerConfig): ApiError | undefined {
  const { filter_subject, filter_subjects } = config;
  if (filter_subject !== "" && filter_subjects.length > 0) {
    return apiErrors.consumerDuplicateFilterSubjects;
  }
  if (filter_subject !== "" && !isValidPattern(filter_subject)) {
    return invalidSubject;
  }
  if (filter_subjects.includes("")) {
    return apiErrors.consumerEmptyFilter;
  }
  const filters = filtersOf(config);
  for (const [outer, filter] of filters.entries()) {
    if (!isValidPattern(filter)) {
      return invalidSubject;
    }
    if (filters.some((other, inner) => inner !== outer && isSubset(filter, other))) {
      return apiErrors.consumerOverlappingSubjectFilters;
    }
  }
  return undefined;
}

const invalidSubject = because(apiErrors.streamInvalidConfig, "invalid subject");

/** Deliver policies that take no start option, with the words the server has for them. */
const unstarted = { all: "all", last: "last", last_per_subject: "last per subject", new: "new" } as const;

function checkStart(config: ConsumerConfig): ApiError | undefined {
  const { deliver_policy, opt_start_seq, opt_start_time } = config;
  if (deliver_policy === "by_start_sequence") {
    if (opt_start_seq === 0) {
      return startProblem("by start sequence", "start sequence is not set");
    }
    return opt_start_time === undefined ? undefined : startProblem("by start sequence", "start time is also set");
  }
  if (deliver_policy === "by_start_time") {
    if (opt_start_time === undefined) {
      return startProblem("by start time", "start time is not set");
    }
    return opt_start_seq === 0 ? undefined : startProblem("by start time", "start start sequence is also set");
  }
  const words = unstarted[deliver_policy];
  if (opt_start_seq > 0) {
    return startProblem(words, "start sequence is also set");
  }
  if (opt_start_time !== undefined) {
    return startProblem(words, "start time is also set");
  }
  if (deliver_policy === "last_per_subject" && filtersOf(config).length === 0) {
    return startProblem(words, "filter subject is not set");
  }
  return undefined;
}

function startProblem(policy: string, problem: string): ApiError {
  return because(apiErrors.consumerInvalidPolicy, `consumer delivery policy is deliver ${policy}, but optional ${problem}`);
}

function checkRest(config: ConsumerConfig): ApiError | undefined {
  const sampling = samplingProblem(config.sample_freq);
  if (sampling !== undefined) {
    return because(apiErrors.consumerInvalidSampling, sampling);
  }
  if (config.flow_control && config.idle_heartbeat === 0) {
    return apiErrors.consumerWithFlowControlNeedsHeartbeats;
  }
  if (config.durable_name !== "" && config.name !== "" && config.name !== config.durable_name) {
    return apiErrors.consumerCreateDurableAndNameMismatch;
  }
  const metadataLength = Object.entries(config.metadata).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  return metadataLength > metadataMax ? filled(apiErrors.consumerMetadataLength, { limit: "128KB" }) : undefined;
}

/** Percent of acknowledgements to sample, with or without the sign. */
export function sampleFrequencyOf(text: string): number {
  return text === "" ? 0 : Number(text.replace(/%$/, ""));
}

function samplingProblem(text: string): string | undefined {
  if (text === "") {
    return undefined;
  }
  const digits = text.replace(/%$/, "");
  if (!/^[+-]?\d+$/.test(digits)) {
    return `strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`;
  }
  // The official server prints its missing inner error for a negative frequency.
  return Number(digits) < 0 ? "<nil>" : undefined;
}

function checkPriority(config: ConsumerConfig): ApiError | undefined {
  const { priority_policy, priority_groups, priority_timeout } = config;
  if (priority_policy === "none") {
    if (priority_groups.length > 0) {
      return apiErrors.consumerPriorityGroupWithPolicyNone;
    }
    return priority_timeout > 0 ? apiErrors.consumerPinnedTTLWithoutPriorityPolicyNone : undefined;
  }
  if (config.deliver_subject !== "") {
    return apiErrors.consumerPushWithPriorityGroup;
  }
  if (priority_groups.length === 0) {
    return apiErrors.consumerPriorityPolicyWithoutGroup;
  }
  for (const group of priority_groups) {
    if (group === "") {
      return apiErrors.consumerEmptyGroupName;
    }
    if (!isGroupName(group)) {
      return apiErrors.consumerInvalidGroupName;
    }
  }
  return undefined;
}

export function isGroupName(group: string): boolean {
  return /^[a-zA-Z0-9/_=-]{1,16}$/.test(group);
}
