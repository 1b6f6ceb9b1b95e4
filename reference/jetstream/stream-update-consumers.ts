/** A stream's consumer limits may not be set below what its consumers already have. */
import { type ApiError, apiErrors, because } from "./errors.ts";
import type { Int64 } from "./json/decode.ts";
import type { Stream } from "./stream.ts";
import type { StreamConfig } from "./stream-config.ts";

export function consumersOver(stream: Stream, next: StreamConfig): ApiError | undefined {
  const names = ["inactive_threshold", "max_ack_pending"] as const;
  const lowered = names.filter(
    (name) => isSet(next.consumer_limits[name]) && next.consumer_limits[name] !== stream.config.consumer_limits[name],
  );
  if (lowered.length === 0) {
    return undefined;
  }
  const over = stream.attached.filter(({ limits }) =>
    names.some((name) => {
      const limit = next.consumer_limits[name];
      return isSet(limit) && (limits?.[name] ?? 0) > limit;
    }),
  );
  return over.length === 0
    ? undefined
    : because(apiErrors.streamUpdate, `change to limits violates consumers: ${over.map(({ name }) => name).join(", ")}`);
}

function isSet(limit: Int64 | undefined): limit is Int64 {
  return limit !== undefined && limit > 0;
}
