/**
 * What the server fills in before a consumer's configuration is checked. In pedantic mode nothing that the user wrote is changed
 * silently: it is refused instead.
 */
import type { ConsumerConfig } from "./consumer-config.ts";
import type { ApiError } from "./errors.ts";
import { apiErrors, because } from "./errors.ts";

const defaultAckWaitNs = 30_000_000_000;
const defaultMaxWaiting = 512;
const defaultMaxAckPending = 1000;
const defaultPinnedNs = 120_000_000_000;
const flowControlHeartbeatNs = 1_000_000_000;

/** Limits of the server and of the stream that a consumer inherits; 0 is none. */
export interface ConsumerCaps {
  readonly serverMaxAckPending: number;
  readonly serverMaxRequestBatch: number;
  readonly streamMaxAckPending: number;
  readonly streamInactiveThreshold: number;
}

/** Changes `config`; returns the error of pedantic mode when a change is not allowed. */
export function applyConsumerDefaults(config: ConsumerConfig, caps: ConsumerCaps, pedantic: boolean): ApiError | undefined {
  const refusal = normaliseLimits(config, pedantic);
  if (refusal !== undefined) {
    return refusal;
  }
  const isPull = config.deliver_subject === "";
  const wantsAck = config.ack_policy === "explicit" || config.ack_policy === "all";
  if (isPull && config.max_waiting === 0) {
    config.max_waiting = defaultMaxWaiting;
  }
  if (config.ack_wait === 0 && wantsAck) {
    config.ack_wait = defaultAckWaitNs;
  }
  const [firstBackoff] = config.backoff;
  if (firstBackoff !== undefined) {
    if (pedantic && config.ack_wait !== firstBackoff) {
      return because(apiErrors.pedantic, "first backoff value has to equal batch AckWait");
    }
    config.ack_wait = firstBackoff;
  }
  return inheritLimits(config, { caps, pedantic, isPull });
}

function normaliseLimits(config: ConsumerConfig, pedantic: boolean): ApiError | undefined {
  if (config.max_deliver === 0 || config.max_deliver < -1) {
    if (pedantic && config.max_deliver !== 0) {
      return because(apiErrors.pedantic, "max_deliver must be set to -1");
    }
    config.max_deliver = -1;
  }
  const refusal = notNegative(config, ["max_waiting"], pedantic);
  if (refusal !== undefined) {
    return refusal;
  }
  if (config.max_ack_pending < -1) {
    if (pedantic) {
      return because(apiErrors.pedantic, "max_ack_pending must be set to -1");
    }
    config.max_ack_pending = -1;
  }
  return notNegative(
    config,
    ["max_batch", "max_expires", "max_bytes", "idle_heartbeat", "inactive_threshold", "priority_timeout"],
    pedantic,
  );
}

type LimitField = "max_waiting" | "max_batch" | "max_expires" | "max_bytes" | "idle_heartbeat" | "inactive_threshold" | "priority_timeout";

function notNegative(config: ConsumerConfig, fields: readonly LimitField[], pedantic: boolean): ApiError | undefined {
  for (const field of fields) {
    if (config[field] < 0) {
      if (pedantic) {
        return because(apiErrors.pedantic, `${field} must not be negative`);
      }
      config[field] = 0;
    }
  }
  return undefined;
}

function inheritLimits(
  config: ConsumerConfig,
  { caps, pedantic, isPull }: { caps: ConsumerCaps; pedantic: boolean; isPull: boolean },
): ApiError | undefined {
  if (config.max_ack_pending === 0) {
    if (pedantic && caps.streamMaxAckPending > 0) {
      return because(apiErrors.pedantic, "max_ack_pending must be set if it's configured in stream limits");
    }
    config.max_ack_pending = caps.streamMaxAckPending;
  }
  if (config.inactive_threshold === 0) {
    if (pedantic && caps.streamInactiveThreshold > 0) {
      return because(apiErrors.pedantic, "inactive_threshold must be set if it's configured in stream limits");
    }
    config.inactive_threshold = caps.streamInactiveThreshold;
  }
  if (config.max_ack_pending === 0 && config.ack_policy !== "none") {
    const capped = caps.serverMaxAckPending > 0 && caps.serverMaxAckPending < defaultMaxAckPending;
    config.max_ack_pending = capped ? caps.serverMaxAckPending : defaultMaxAckPending;
  }
  if (isPull && config.max_batch === 0 && caps.serverMaxRequestBatch > 0) {
    if (pedantic) {
      return because(apiErrors.pedantic, "max_request_batch must be set if it's JetStream limits are set");
    }
    config.max_batch = caps.serverMaxRequestBatch;
  }
  if (config.priority_policy === "pinned_client" && config.priority_timeout === 0) {
    config.priority_timeout = defaultPinnedNs;
  }
  if (config.ack_policy === "flow_control" && !pedantic) {
    config.flow_control = true;
    config.idle_heartbeat = flowControlHeartbeatNs;
  }
  return undefined;
}
