/** `/jsz`: JetStream's settings and what it holds, in the official server's field order. */
import { API_LEVEL } from "../version.ts";
import { rfc3339 } from "./json-time.ts";
import type { JetStreamStatus, ServerStatus } from "./server-status.ts";

const NS_PER_MS = 1_000_000;
/** What the official server shows as its interval when every write is synced. */
const DEFAULT_SYNC_INTERVAL_MS = 120_000;

export function jsz(status: ServerStatus): Record<string, unknown> {
  const { jetStream } = status;
  const identity = { server_id: status.id, now: rfc3339(status.nowNs) };
  if (jetStream === undefined) {
    return {
      memory: 0,
      storage: 0,
      reserved_memory: 0,
      reserved_storage: 0,
      accounts: 0,
      ha_assets: 0,
      api: { level: API_LEVEL, total: 0, errors: 0 },
      ...identity,
      disabled: true,
      config: { max_memory: 0, max_storage: 0 },
      limits: {},
      streams: 0,
      consumers: 0,
      messages: 0,
      bytes: 0,
      total: 0,
    };
  }
  return {
    ...jetStreamStats(jetStream, API_LEVEL),
    ...identity,
    config: jetStreamConfig(jetStream),
    limits: jetStreamLimits(jetStream),
    streams: jetStream.streams,
    consumers: jetStream.consumers,
    messages: jetStream.messages,
    bytes: jetStream.bytes,
    total: 1,
  };
}

export function jetStreamStats(status: JetStreamStatus, level: number): Record<string, unknown> {
  return {
    memory: status.memory,
    storage: status.storage,
    reserved_memory: status.reservedMemory,
    reserved_storage: status.reservedStorage,
    accounts: 1,
    ha_assets: 0,
    api: { level, total: status.api.total, errors: status.api.errors },
  };
}

export function jetStreamConfig({ config }: JetStreamStatus): Record<string, unknown> {
  const always = config.sync === "always";
  return {
    max_memory: config.maxMemory,
    max_storage: config.maxStorage,
    store_dir: config.storeDirectory,
    sync_interval: (config.sync === "always" ? DEFAULT_SYNC_INTERVAL_MS : config.sync.intervalMs) * NS_PER_MS,
    ...(always ? { sync_always: true } : {}),
    ...(config.domain === undefined ? {} : { domain: config.domain }),
    ...(config.uniqueTag === undefined ? {} : { unique_tag: config.uniqueTag }),
    ...(config.strict ? { strict: true } : {}),
  };
}

export function jetStreamLimits({ limits }: JetStreamStatus): Record<string, unknown> {
  return {
    ...(limits.maxAckPending === undefined ? {} : { max_ack_pending: limits.maxAckPending }),
    ...(limits.maxRequestBatch === undefined ? {} : { max_request_batch: limits.maxRequestBatch }),
    ...(limits.duplicateWindowMs === undefined ? {} : { duplicate_window: limits.duplicateWindowMs * NS_PER_MS }),
    default_max_consumers: limits.defaultMaxConsumers,
  };
}
