/** A configuration's limits as plain numbers for the publish path; `Infinity` is "no limit". */

import type { Int64 } from "./json/decode.ts";
import type { StreamConfig } from "./stream-config.ts";

export interface StreamLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly perSubjectMax: number;
  readonly messageBytesMax: number;
  /** 0n keeps messages for ever. */
  readonly ageNs: bigint;
  readonly discardNew: boolean;
  readonly discardNewPerSubject: boolean;
}

export function limitsOf(config: StreamConfig): StreamLimits {
  return {
    messagesMax: atMost(config.max_msgs),
    bytesMax: atMost(config.max_bytes),
    perSubjectMax: atMost(config.max_msgs_per_subject),
    messageBytesMax: atMost(config.max_msg_size),
    ageNs: BigInt(config.max_age),
    discardNew: config.discard === "new",
    discardNewPerSubject: config.discard_new_per_subject,
  };
}

/** Limits beyond 2^53 can't be reached, so rounding them does no harm here. */
function atMost(limit: Int64): number {
  return limit < 0 ? Number.POSITIVE_INFINITY : Number(limit);
}
