/**
 * A consumer's configuration as the API names it: how it is read from a request (Go's decoding rules), how it is echoed, and what
 * changes silently: defaults and `_nats.*` metadata. Durations are nanoseconds, times nanoseconds since 1970.
 */
import { formatZonedTime, type ZonedTime, zonedTime } from "./consumer-json.ts";
import type { ApiError } from "./errors.ts";
import { apiErrors, because } from "./errors.ts";
import { type Decoded, decodeJson, type FieldType, type Int64, nested, type Shape } from "./json/decode.ts";
import { bool, duration, int, list, oneOf, text, textMap, time, uint64 } from "./json/field-types.ts";
import { printJson } from "./json/print.ts";
import { formatTime, parseTime, zeroTime } from "./json/time.ts";

export type DeliverPolicy = "all" | "last" | "new" | "by_start_sequence" | "by_start_time" | "last_per_subject";
export type PriorityPolicy = "none" | "overflow" | "pinned_client" | "prioritized";

export interface ConsumerConfig {
  durable_name: string;
  name: string;
  description: string;
  deliver_policy: DeliverPolicy;
  opt_start_seq: Int64;
  opt_start_time: ZonedTime | undefined;
  ack_policy: "none" | "all" | "explicit" | "flow_control";
  ack_wait: Int64;
  max_deliver: Int64;
  backoff: readonly Int64[];
  filter_subject: string;
  filter_subjects: readonly string[];
  replay_policy: "instant" | "original";
  rate_limit_bps: Int64;
  sample_freq: string;
  max_waiting: Int64;
  max_ack_pending: Int64;
  flow_control: boolean;
  headers_only: boolean;
  max_batch: Int64;
  max_expires: Int64;
  max_bytes: Int64;
  deliver_subject: string;
  deliver_group: string;
  idle_heartbeat: Int64;
  inactive_threshold: Int64;
  num_replicas: Int64;
  mem_storage: boolean;
  direct: boolean;
  sourcing: boolean;
  metadata: Readonly<Record<string, string>>;
  pause_until: bigint | undefined;
  priority_groups: readonly string[];
  priority_policy: PriorityPolicy;
  priority_timeout: Int64;
}

export type ConsumerAction = "" | "create" | "update";

export interface ConsumerRequest {
  readonly stream: string;
  readonly config: ConsumerConfig;
  readonly action: ConsumerAction;
  readonly pedantic: boolean;
}

/** Go's enum decoders that name what they do not know. */
function word<const Words extends readonly string[]>(words: Words, unknown: string): FieldType<Words[number]> {
  return {
    go: "string",
    decode: (value, place) =>
      typeof value === "string" && words.includes(value) ? value : place.fail(`unknown ${unknown}: ${printJson(value)}`),
  };
}

const configShape = {
  struct: "ConsumerConfig",
  fields: {
    durable_name: text,
    name: text,
    description: text,
    deliver_policy: oneOf(["all", "undefined", "last", "new", "by_start_sequence", "by_start_time", "last_per_subject"]),
    opt_start_seq: uint64,
    opt_start_time: zonedTime,
    ack_policy: oneOf(["none", "all", "explicit", "flow_control"]),
    ack_wait: duration,
    max_deliver: int,
    backoff: list(duration),
    filter_subject: text,
    filter_subjects: list(text),
    replay_policy: oneOf(["instant", "original"]),
    rate_limit_bps: uint64,
    sample_freq: text,
    max_waiting: int,
    max_ack_pending: int,
    flow_control: bool,
    headers_only: bool,
    max_batch: int,
    max_expires: duration,
    max_bytes: int,
    deliver_subject: text,
    deliver_group: text,
    idle_heartbeat: duration,
    inactive_threshold: duration,
    num_replicas: int,
    mem_storage: bool,
    direct: bool,
    sourcing: bool,
    metadata: textMap,
    pause_until: time,
    priority_groups: list(text),
    priority_policy: word(["none", "overflow", "pinned_client", "prioritized"], "priority policy"),
    priority_timeout: duration,
  },
} as const satisfies Shape<Record<string, FieldType<unknown>>>;

const requestShape = {
  struct: "CreateConsumerRequest",
  fields: { stream_name: text, config: nested(configShape), action: word(["", "create", "update"], "consumer action"), pedantic: bool },
} as const satisfies Shape<Record<string, FieldType<unknown>>>;

export function decodeConsumerRequest(body: string, options: { strict: boolean }): ConsumerRequest | ApiError {
  const decoded = decodeJson(body, requestShape, options);
  if ("invalid" in decoded) {
    return because(apiErrors.invalidJSON, decoded.invalid);
  }
  const { stream_name = "", config = {}, action = "", pedantic = false } = decoded.value;
  return { stream: stream_name, config: completed(config), action, pedantic };
}

/** Go's zero value for every field that the request does not carry. */
function completed(given: Decoded<typeof configShape.fields>): ConsumerConfig {
  const { deliver_policy = "all", opt_start_time, pause_until, ...rest } = given;
  return {
    durable_name: "",
    name: "",
    description: "",
    ack_policy: "none",
    ack_wait: 0,
    opt_start_seq: 0,
    max_deliver: 0,
    backoff: [],
    filter_subject: "",
    filter_subjects: [],
    replay_policy: "instant",
    rate_limit_bps: 0,
    sample_freq: "",
    max_waiting: 0,
    max_ack_pending: 0,
    flow_control: false,
    headers_only: false,
    max_batch: 0,
    max_expires: 0,
    max_bytes: 0,
    deliver_subject: "",
    deliver_group: "",
    idle_heartbeat: 0,
    inactive_threshold: 0,
    num_replicas: 0,
    mem_storage: false,
    direct: false,
    sourcing: false,
    metadata: {},
    priority_groups: [],
    priority_policy: "none",
    priority_timeout: 0,
    ...rest,
    deliver_policy: deliver_policy === "undefined" ? "all" : deliver_policy,
    opt_start_time,
    pause_until: setTime(pause_until),
  };
}

const zeroTimeNs = parseTime(zeroTime);

/** Go's zero time means that the time is not set. */
export function setTime(timeNs: bigint | undefined): bigint | undefined {
  return timeNs === zeroTimeNs ? undefined : timeNs;
}

/** The configuration as the API shows it. Policies and `num_replicas` are always there, everything else only when it is set. */
export function shownConfig(config: ConsumerConfig, extraMetadata: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const metadata = { ...config.metadata, ...extraMetadata };
  const keys = Object.keys(metadata).sort();
  return {
    durable_name: unlessEmpty(config.durable_name),
    name: unlessEmpty(config.name),
    description: unlessEmpty(config.description),
    deliver_policy: config.deliver_policy,
    opt_start_seq: unlessZero(config.opt_start_seq),
    opt_start_time: config.opt_start_time === undefined ? undefined : formatZonedTime(config.opt_start_time),
    ack_policy: config.ack_policy,
    ack_wait: unlessZero(config.ack_wait),
    max_deliver: unlessZero(config.max_deliver),
    backoff: unlessNone(config.backoff),
    filter_subject: unlessEmpty(config.filter_subject),
    filter_subjects: unlessNone(config.filter_subjects),
    replay_policy: config.replay_policy,
    rate_limit_bps: unlessZero(config.rate_limit_bps),
    sample_freq: unlessEmpty(config.sample_freq),
    max_waiting: unlessZero(config.max_waiting),
    max_ack_pending: unlessZero(config.max_ack_pending),
    flow_control: whenTrue(config.flow_control),
    headers_only: whenTrue(config.headers_only),
    max_batch: unlessZero(config.max_batch),
    max_expires: unlessZero(config.max_expires),
    max_bytes: unlessZero(config.max_bytes),
    deliver_subject: unlessEmpty(config.deliver_subject),
    deliver_group: unlessEmpty(config.deliver_group),
    idle_heartbeat: unlessZero(config.idle_heartbeat),
    inactive_threshold: unlessZero(config.inactive_threshold),
    num_replicas: config.num_replicas,
    mem_storage: whenTrue(config.mem_storage),
    direct: whenTrue(config.direct),
    sourcing: whenTrue(config.sourcing),
    metadata: keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, metadata[key]])),
    pause_until: config.pause_until === undefined ? undefined : formatTime(config.pause_until),
    priority_groups: unlessNone(config.priority_groups),
    priority_policy: config.priority_policy === "none" ? undefined : config.priority_policy,
    priority_timeout: unlessZero(config.priority_timeout),
  };
}

function unlessEmpty(value: string): string | undefined {
  return value === "" ? undefined : value;
}

function unlessZero(value: Int64): Int64 | undefined {
  return value === 0 ? undefined : value;
}

function unlessNone<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items;
}

function whenTrue(value: boolean): true | undefined {
  return value ? true : undefined;
}

export function isSameConfig(left: ConsumerConfig, right: ConsumerConfig): boolean {
  return printJson(shownConfig(left)) === printJson(shownConfig(right));
}

export function printConfig(config: ConsumerConfig): string {
  return printJson(shownConfig(config));
}

/** Reads back what `printConfig` wrote. */
export function parseConfig(json: string): ConsumerConfig {
  const decoded = decodeJson(json, configShape, { strict: true });
  if ("invalid" in decoded) {
    throw new Error(`the stored configuration of a consumer cannot be read: ${decoded.invalid}`);
  }
  return completed(decoded.value);
}

/** All filters, whichever field they came in. */
export function filtersOf(config: ConsumerConfig): readonly string[] {
  return config.filter_subject === "" ? config.filter_subjects : [...config.filter_subjects, config.filter_subject];
}

/** The metadata that the server owns: the API level an asset needs is stored, the rest is only shown in answers. */
export function withRequiredLevel(config: ConsumerConfig): ConsumerConfig {
  const metadata = Object.fromEntries(Object.entries(config.metadata).filter(([key]) => !dynamicKeys.includes(key)));
  return { ...config, metadata: { ...metadata, "_nats.req.level": String(requiredLevel(config)) } };
}

const dynamicKeys = ["_nats.ver", "_nats.level"];

function requiredLevel(config: ConsumerConfig): number {
  if (config.ack_policy === "flow_control") {
    return 4;
  }
  const grouped = config.priority_policy !== "none" || config.priority_timeout !== 0 || config.priority_groups.length > 0;
  return config.pause_until !== undefined || grouped ? 1 : 0;
}
