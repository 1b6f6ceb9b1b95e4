/** What may change on an existing consumer, and how consumers of one work queue exclude each other. */
import { type ConsumerConfig, filtersOf, isSameConfig } from "./consumer-config.ts";
import type { ZonedTime } from "./consumer-json.ts";
import type { ApiError } from "./errors.ts";
import { apiErrors, because } from "./errors.ts";
import { patternsCollide } from "./subjects.ts";

type FixedField = keyof ConsumerConfig;

/** Fields that never change, with the words of the refusal, in the order of the checks. */
const fixed: readonly (readonly [FixedField, string])[] = [
  ["deliver_policy", "deliver policy"],
  ["mem_storage", "storage type"],
  ["direct", "direct"],
  ["sourcing", "sourcing"],
  ["opt_start_seq", "start sequence"],
  ["opt_start_time", "start time"],
  ["ack_policy", "ack policy"],
  ["replay_policy", "replay policy"],
  ["idle_heartbeat", "heart beats"],
  ["flow_control", "flow control"],
];

/** `hasInterest` tells whether anybody is subscribed to a subject. */
export function checkConsumerUpdate(
  { current, next }: { current: ConsumerConfig; next: ConsumerConfig },
  hasInterest: (subject: string) => boolean,
): ApiError | undefined {
  if (isSameConfig(current, next)) {
    return undefined;
  }
  const changed = fixed.find(([field]) => !isSameField(current[field], next[field]));
  if (changed !== undefined) {
    return because(apiErrors.consumerCreate, `${changed[1]} can not be updated`);
  }
  if (current.deliver_subject === "" && next.deliver_subject !== "") {
    return because(apiErrors.consumerCreate, "can not update pull consumer to push based");
  }
  if (current.deliver_subject !== "" && next.deliver_subject === "") {
    return because(apiErrors.consumerCreate, "can not update push consumer to pull based");
  }
  if (current.deliver_subject !== next.deliver_subject && hasInterest(current.deliver_subject)) {
    return apiErrors.consumerNameExist;
  }
  return current.max_waiting === next.max_waiting ? undefined : because(apiErrors.consumerCreate, "max waiting can not be updated");
}

function isSameField(left: ConsumerConfig[FixedField], right: ConsumerConfig[FixedField]): boolean {
  return left === right || (isZonedTime(left) && isZonedTime(right) && left.timeNs === right.timeNs);
}

function isZonedTime(value: ConsumerConfig[FixedField]): value is ZonedTime {
  return typeof value === "object" && "timeNs" in value;
}

/** The rules for a new consumer of a work queue, in the server's order. `others` are the configurations already there. */
export function checkWorkQueue(config: ConsumerConfig, others: readonly ConsumerConfig[]): ApiError | undefined {
  if (config.ack_policy !== "explicit" && config.ack_policy !== "flow_control") {
    return apiErrors.consumerWQRequiresExplicitAck;
  }
  if (config.deliver_policy !== "all") {
    return apiErrors.consumerWQConsumerNotDeliverAll;
  }
  if (others.length > 0 && filtersOf(config).length === 0) {
    return apiErrors.consumerWQMultipleUnfiltered;
  }
  return checkPartition(config, others);
}

/** No two consumers of a work queue may take the same message. */
export function checkPartition(config: ConsumerConfig, others: readonly ConsumerConfig[]): ApiError | undefined {
  const shared = filtersOf(config).some((filter) =>
    others.some((other) => {
      const filters = filtersOf(other);
      return filters.length === 0 || filters.some((taken) => patternsCollide(filter, taken));
    }),
  );
  return shared ? apiErrors.consumerWQConsumerNotUnique : undefined;
}
