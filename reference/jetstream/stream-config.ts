/**
 * A stream's configuration: how it is read from a request, what missing fields mean, and how it is shown. Protocol fields keep their
 * names. Limits and durations are 64-bit: a `number` when that is exact, a `bigint` when it is not. -1 means "no limit".
 */
import { type ApiError, apiErrors, because } from "./errors.ts";
import { type Decoded, decodeJson, type Int64, nested, type Shape } from "./json/decode.ts";
import { bool, duration, int, int32, int64, list, oneOf, text, textMap, time, uint64 } from "./json/field-types.ts";
import type { Retention } from "./seams.ts";

export interface StreamConfig {
  readonly name: string;
  readonly description: string | undefined;
  readonly subjects: readonly string[];
  readonly retention: Retention;
  readonly max_consumers: Int64;
  readonly max_msgs: Int64;
  readonly max_bytes: Int64;
  readonly max_age: Int64;
  readonly max_msgs_per_subject: Int64;
  readonly max_msg_size: number;
  readonly discard: "old" | "new";
  readonly storage: "file" | "memory";
  readonly num_replicas: Int64;
  readonly no_ack: boolean;
  readonly duplicate_window: Int64;
  readonly compression: "none" | "s2";
  readonly first_seq: Int64;
  readonly allow_direct: boolean;
  readonly mirror_direct: boolean;
  readonly discard_new_per_subject: boolean;
  readonly sealed: boolean;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
  readonly allow_rollup_hdrs: boolean;
  readonly consumer_limits: ConsumerLimits;
  readonly allow_msg_ttl: boolean;
  readonly allow_atomic: boolean;
  readonly allow_batched: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ConsumerLimits {
  readonly inactive_threshold: Int64 | undefined;
  readonly max_ack_pending: Int64 | undefined;
}

const transform = nested({ struct: "SubjectTransformConfig", fields: { src: text, dest: text } });
const source = nested({
  struct: "StreamSource",
  fields: {
    name: text,
    opt_start_seq: uint64,
    opt_start_time: time,
    filter_subject: text,
    subject_transforms: list(transform),
    external: nested({ struct: "ExternalStream", fields: { api: text, deliver: text } }),
    consumer: nested({ struct: "StreamConsumerSource", fields: { name: text, deliver_subject: text } }),
  },
});

const requestFields = {
  name: text,
  description: text,
  subjects: list(text),
  retention: oneOf(["limits", "interest", "workqueue"]),
  max_consumers: int,
  max_msgs: int64,
  max_bytes: int64,
  max_age: duration,
  max_msgs_per_subject: int64,
  max_msg_size: int32,
  discard: oneOf(["old", "new"]),
  storage: oneOf(["file", "memory"]),
  num_replicas: int,
  no_ack: bool,
  duplicate_window: duration,
  placement: nested({ struct: "Placement", fields: { cluster: text, tags: list(text), preferred: text } }),
  mirror: source,
  sources: list(source),
  compression: oneOf(["none", "s2"], "unknown compression algorithm"),
  first_seq: uint64,
  subject_transform: transform,
  republish: nested({ struct: "RePublish", fields: { src: text, dest: text, headers_only: bool } }),
  allow_direct: bool,
  mirror_direct: bool,
  discard_new_per_subject: bool,
  sealed: bool,
  deny_delete: bool,
  deny_purge: bool,
  allow_rollup_hdrs: bool,
  consumer_limits: nested({ struct: "StreamConsumerLimits", fields: { inactive_threshold: duration, max_ack_pending: int } }),
  allow_msg_ttl: bool,
  subject_delete_marker_ttl: duration,
  allow_msg_counter: bool,
  allow_atomic: bool,
  allow_msg_schedules: bool,
  persist_mode: oneOf(["", "default", "async"]),
  allow_batched: bool,
  metadata: textMap,
  pedantic: bool,
};

const requestShape: Shape<typeof requestFields> = {
  struct: "StreamConfigRequest",
  embedded: "StreamConfig",
  own: ["pedantic"],
  fields: requestFields,
};

/** A configuration as asked for: everything may be missing. */
export type StreamConfigRequest = Decoded<typeof requestFields>;

export function decodeStreamConfig(body: string, options: { strict: boolean }): StreamConfigRequest | ApiError {
  const result = decodeJson(body, requestShape, options);
  return "invalid" in result ? because(apiErrors.invalidJSON, result.invalid) : result.value;
}

const LEVEL_REQUIRED = "_nats.req.level";
const LEVEL = "_nats.level";
const VERSION = "_nats.ver";

/** API level of this server, told in INFO and in the metadata of answers. */
export const apiLevel = 5;

/** What is stored: no `_nats.` keys but the API level that the configuration's features need. */
export function storedMetadata({ metadata = {}, allow_atomic, allow_batched }: StreamConfigRequest): Record<string, string> {
  const { [LEVEL]: _level, [VERSION]: _version, ...rest } = metadata;
  const required = allow_batched === true ? 4 : allow_atomic === true ? 2 : 0;
  return sortedByKey({ ...rest, [LEVEL_REQUIRED]: String(required) });
}

/** What CREATE, UPDATE and INFO add to the stored metadata. */
export function answeredMetadata(stored: Readonly<Record<string, string>>, serverVersion: string): Record<string, string> {
  return sortedByKey({ ...stored, [LEVEL]: String(apiLevel), [VERSION]: serverVersion });
}

function sortedByKey(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The configuration in the field order and with the omissions of the official server. */
export function shownConfig(config: StreamConfig, metadata = config.metadata): Record<string, unknown> {
  return {
    name: config.name,
    description: config.description,
    subjects: config.subjects.length === 0 ? undefined : config.subjects,
    retention: config.retention,
    max_consumers: config.max_consumers,
    max_msgs: config.max_msgs,
    max_bytes: config.max_bytes,
    max_age: config.max_age,
    max_msgs_per_subject: config.max_msgs_per_subject,
    max_msg_size: config.max_msg_size,
    discard: config.discard,
    storage: config.storage,
    num_replicas: config.num_replicas,
    no_ack: orAbsent(config.no_ack),
    duplicate_window: orAbsent(config.duplicate_window),
    compression: config.compression,
    first_seq: orAbsent(config.first_seq),
    allow_direct: config.allow_direct,
    mirror_direct: config.mirror_direct,
    discard_new_per_subject: orAbsent(config.discard_new_per_subject),
    sealed: config.sealed,
    deny_delete: config.deny_delete,
    deny_purge: config.deny_purge,
    allow_rollup_hdrs: config.allow_rollup_hdrs,
    consumer_limits: {
      inactive_threshold: orAbsent(config.consumer_limits.inactive_threshold),
      max_ack_pending: orAbsent(config.consumer_limits.max_ack_pending),
    },
    allow_msg_ttl: config.allow_msg_ttl,
    allow_atomic: orAbsent(config.allow_atomic),
    allow_batched: orAbsent(config.allow_batched),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  };
}

/** Zero, false and empty are left out where the official server leaves them out. */
function orAbsent<Value>(value: Value): Value | undefined {
  return value === false || value === 0 || value === "" ? undefined : value;
}
