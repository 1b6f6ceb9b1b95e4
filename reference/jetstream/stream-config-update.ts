/** What an update may change. The checked configuration replaces the old one as a whole. */
import { type ApiError, apiErrors } from "./errors.ts";
import { printJson } from "./json/print.ts";
import type { StreamConfig } from "./stream-config.ts";
import { shownConfig } from "./stream-config.ts";
import { invalidConfig } from "./stream-config-check.ts";

/** The configuration to apply, or why the change is refused. */
export function checkStreamUpdate(old: StreamConfig, next: StreamConfig): StreamConfig | ApiError {
  if (next.num_replicas > 1) {
    return apiErrors.streamReplicasNotSupported;
  }
  if (next.storage !== old.storage) {
    return invalidConfig("stream configuration update can not change storage type");
  }
  if (next.retention !== old.retention && (next.retention === "workqueue" || old.retention === "workqueue")) {
    return invalidConfig("stream configuration update can not change retention policy to/from workqueue");
  }
  if (old.sealed && !next.sealed) {
    return invalidConfig("stream configuration update can not unseal a sealed stream");
  }
  if (old.deny_delete && !next.deny_delete) {
    return invalidConfig("stream configuration update can not cancel deny message deletes");
  }
  if (old.deny_purge && !next.deny_purge) {
    return invalidConfig("stream configuration update can not cancel deny purge");
  }
  return next.sealed ? sealed(next) : next;
}

/** Nothing gets in or out of a sealed stream any more, by whatever way. */
function sealed(config: StreamConfig): StreamConfig {
  return { ...config, max_age: 0, discard: "new", deny_delete: true, deny_purge: true, allow_rollup_hdrs: false };
}

/** Creating a stream again with an equal configuration is not an error. */
export function isSameConfig(left: StreamConfig, right: StreamConfig): boolean {
  return printJson(shownConfig(left)) === printJson(shownConfig(right));
}
