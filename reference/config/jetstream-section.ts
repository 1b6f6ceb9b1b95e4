/** `jetstream: true`, `jetstream: enabled` and `jetstream { … }`. */
import type { ConfSection } from "./conf-section.ts";
import { DEFAULT_JETSTREAM_OPTIONS, type JetStreamOptions, type JetStreamServerLimits } from "./server-options.ts";

/** undefined when JetStream is off. */
export function readJetStream(top: ConfSection): JetStreamOptions | undefined {
  const entry = top.entry("jetstream");
  const outside = top.string("store_dir", "storedir");
  if (entry === undefined) {
    return undefined;
  }
  const base = { ...DEFAULT_JETSTREAM_OPTIONS, storeDirectory: outside };
  const { value } = entry;
  if (value.kind === "boolean") {
    return value.value ? base : undefined;
  }
  if (value.kind === "string" && ["enabled", "enable", "disabled", "disable"].includes(value.value.toLowerCase())) {
    return value.value.toLowerCase().startsWith("enable") ? base : undefined;
  }
  if (value.kind !== "map") {
    return top.wrong(entry, `true, false, "enabled", "disabled" or a map`);
  }
  return readMap(top.inside(value), outside);
}

function readMap(section: ConfSection, outside: string | undefined): JetStreamOptions | undefined {
  const enabled = section.boolean("enable", "enabled") ?? true;
  const storeDirectory = section.string("store_dir", "storedir", "store");
  if (storeDirectory !== undefined && outside !== undefined) {
    section.wrong(section.entry("store_dir", "storedir", "store")!, "set at the top level already");
  }
  const options: JetStreamOptions = {
    storeDirectory: storeDirectory ?? outside,
    maxMemory: limit(section.size({ min: -1 }, "max_memory_store", "max_mem_store", "max_mem")),
    maxStorage: limit(section.size({ min: -1 }, "max_file_store", "max_file")),
    sync: readSync(section),
    scrubIntervalMs: section.duration("scrub_interval") ?? DEFAULT_JETSTREAM_OPTIONS.scrubIntervalMs,
    domain: readDomain(section),
    strict: section.boolean("strict") ?? true,
    uniqueTag: section.string("unique_tag"),
    maxOutstandingCatchup: section.size({ min: 0 }, "max_outstanding_catchup"),
    limits: readLimits(section.section("limits")),
  };
  section.unsupported("key", "ek", "encryption_key", "prev_key", "prev_ek", "prev_encryption_key", "cipher", "tpm");
  section.unsupported("extension_hint", "max_buffered_size", "max_buffered_msgs", "request_queue_limit", "info_queue_limit");
  section.unsupported("meta_compact", "meta_compact_size", "meta_compact_sync", "max_concurrent_io");
  section.finish();
  return enabled ? options : undefined;
}

/** -1 stands for the default. */
function limit(bytes: number | undefined): number | undefined {
  return bytes === -1 ? undefined : bytes;
}

function readSync(section: ConfSection): JetStreamOptions["sync"] {
  const entry = section.entry("sync_interval", "sync");
  if (entry === undefined) {
    return DEFAULT_JETSTREAM_OPTIONS.sync;
  }
  if (entry.value.kind === "string" && entry.value.value.toLowerCase() === "always") {
    return "always";
  }
  const intervalMs = section.durationOf(entry);
  // Zero would mean never: there is no such policy here.
  return intervalMs > 0 ? { intervalMs } : section.wrong(entry, `"always" or a duration above zero`);
}

function readDomain(section: ConfSection): string | undefined {
  const domain = section.string("domain");
  if (domain !== undefined && (/[.*>\s]/.test(domain) || domain === "")) {
    section.wrong(section.entry("domain")!, "a name without blanks, dots, * and >");
  }
  return domain;
}

function readLimits(section: ConfSection | undefined): JetStreamServerLimits {
  const defaults = DEFAULT_JETSTREAM_OPTIONS.limits;
  if (section === undefined) {
    return defaults;
  }
  const limits: JetStreamServerLimits = {
    maxAckPending: positive(section.integer({ min: 0 }, "max_ack_pending")),
    maxRequestBatch: positive(section.integer({ min: 0 }, "max_request_batch")),
    duplicateWindowMs: positive(section.duration("duplicate_window")),
    defaultMaxConsumers: section.integer({ min: -1 }, "default_max_consumers") ?? defaults.defaultMaxConsumers,
  };
  section.unsupported("max_ha_assets", "batch");
  section.finish();
  return limits;
}

/** 0 stands for "unset". */
function positive(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
