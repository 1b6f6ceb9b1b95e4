/** Creating a consumer, or updating one that exists: one request does both unless its action forbids one of them (ADR-15). */
import { Consumer } from "./consumer.ts";
import { adviseAction, advisePause } from "./consumer-advisories.ts";
import { type ConsumerAction, type ConsumerConfig, isSameConfig, printConfig } from "./consumer-config.ts";
import { ephemeralThresholdNs } from "./consumer-core.ts";
import { applyConsumerDefaults, type ConsumerCaps } from "./consumer-defaults.ts";
import { encodeDefinition } from "./consumer-definition.ts";
import { encodeBase } from "./consumer-record.ts";
import { startConsumer } from "./consumer-start.ts";
import { ConsumerState } from "./consumer-state.ts";
import { unsupportedFeature } from "./consumer-support.ts";
import { checkConsumerUpdate, checkPartition, checkWorkQueue } from "./consumer-update.ts";
import { checkConsumerConfig } from "./consumer-validation.ts";
import { type ApiError, apiErrors, filled } from "./errors.ts";
import type { HostStream, JetStreamContext } from "./seams.ts";

export interface ConsumerIntent {
  /** Not yet filled with defaults; changed by this call. */
  readonly config: ConsumerConfig;
  readonly action: ConsumerAction;
  readonly pedantic: boolean;
}

const nameMax = 255;
/** Consumers of one stream, unless the stream or the server says otherwise. */
const defaultMaxConsumers = 1000;
const generatedNameLength = 8;
const nameAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export function createOrUpdateConsumer(host: HostStream, { config, action, pedantic }: ConsumerIntent): Consumer | ApiError {
  const caps = capsOf(host);
  const refusal =
    applyConsumerDefaults(config, caps, pedantic) ??
    checkConsumerConfig(config, { retention: host.retention, subjects: host.subjects, caps });
  if (refusal !== undefined) {
    return refusal;
  }
  const wanted = config.durable_name === "" ? config.name : config.durable_name;
  const existing = wanted === "" ? undefined : host.consumers.get(wanted);
  if (existing instanceof Consumer) {
    return updateConsumer(existing, config, action);
  }
  return action === "update" ? apiErrors.consumerDoesNotExist : createConsumer(host, config);
}

function capsOf({ context, consumerLimits }: HostStream): ConsumerCaps {
  return {
    serverMaxAckPending: context.limits.maxAckPending ?? 0,
    serverMaxRequestBatch: context.limits.maxRequestBatch ?? 0,
    streamMaxAckPending: consumerLimits.max_ack_pending ?? 0,
    streamInactiveThreshold: consumerLimits.inactive_threshold ?? 0,
  };
}

function updateConsumer(existing: Consumer, config: ConsumerConfig, action: ConsumerAction): Consumer | ApiError {
  const { host } = existing.core;
  if (config.durable_name === "" && config.inactive_threshold === 0) {
    config.inactive_threshold = ephemeralThresholdNs;
  }
  if (action === "create" && !isSameConfig(config, existing.config)) {
    return apiErrors.consumerAlreadyExists;
  }
  const refusal =
    (host.retention === "workqueue" ? checkPartition(config, configsOf(host, existing.name)) : undefined) ??
    checkConsumerUpdate({ current: existing.config, next: config }, (subject) => host.context.account.hasInterest(subject)) ??
    unsupportedFeature(config);
  if (refusal !== undefined) {
    return refusal;
  }
  if (!isSameConfig(config, existing.config)) {
    existing.configure(config);
  }
  return existing;
}

function createConsumer(host: HostStream, config: ConsumerConfig): Consumer | ApiError {
  const limit = host.maxConsumers > 0 ? host.maxConsumers : (host.context.limits.maxConsumers ?? defaultMaxConsumers);
  if (limit > 0 && host.consumers.size >= limit) {
    return apiErrors.maximumConsumersLimit;
  }
  const refusal = (host.retention === "workqueue" ? checkWorkQueue(config, configsOf(host, "")) : undefined) ?? unsupportedFeature(config);
  if (refusal !== undefined) {
    return refusal;
  }
  if (config.durable_name.length > nameMax) {
    return filled(apiErrors.consumerNameTooLong, { max: nameMax });
  }
  if (config.durable_name === "" && config.inactive_threshold === 0) {
    config.inactive_threshold = ephemeralThresholdNs;
  }
  const consumer = begin(host, config);
  host.attach(consumer);
  adviseAction(consumer.core, "create");
  if (consumer.core.isPaused) {
    advisePause(consumer.core);
  }
  return consumer;
}

function begin(host: HostStream, config: ConsumerConfig): Consumer {
  const name = config.durable_name || config.name || inventName(host);
  const createdNs = host.context.clock.nowNs();
  const state = new ConsumerState(config.ack_policy === "flow_control" ? "all" : config.ack_policy);
  startConsumer(state, config, host);
  const base = encodeBase(encodeDefinition({ name, createdNs, config: printConfig(config) }), state);
  const asset = config.mem_storage ? undefined : host.stored.createAsset(name, base);
  return new Consumer({ host, name, createdNs, config, state, asset, recordNumber: 0 });
}

function inventName(host: HostStream): string {
  for (;;) {
    const name = randomName(host.context);
    if (!host.consumers.has(name)) {
      return name;
    }
  }
}

function randomName({ random }: JetStreamContext): string {
  return Array.from({ length: generatedNameLength }, () => nameAlphabet[random.below(nameAlphabet.length)]).join("");
}

function configsOf(host: HostStream, except: string): ConsumerConfig[] {
  const configs: ConsumerConfig[] = [];
  for (const consumer of host.consumers.values()) {
    if (consumer instanceof Consumer && consumer.name !== except) {
      configs.push(consumer.config);
    }
  }
  return configs;
}
