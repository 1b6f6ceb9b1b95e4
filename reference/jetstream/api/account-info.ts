/** `$JS.API.INFO`: what the account uses and may use. */
import type { JetStreamAccount } from "../account.ts";
import { apiLevel } from "../stream-config.ts";
import type { Endpoint } from "./endpoint.ts";

/** An account without limits of its own. */
const UNLIMITED = {
  max_memory: -1,
  max_storage: -1,
  max_streams: -1,
  max_consumers: -1,
  max_ack_pending: -1,
  memory_max_stream_bytes: -1,
  storage_max_stream_bytes: -1,
  max_bytes_required: false,
};

export const accountInfo: Endpoint = {
  subject: "INFO",
  type: "account_info_response",
  handle: ({ account }) => ({ success: accountStatus(account) }),
};

export function accountStatus(account: JetStreamAccount): Record<string, unknown> {
  const memory = account.usage("memory");
  const file = account.usage("file");
  let consumers = 0;
  for (const stream of account.streams.values()) {
    consumers += stream.consumers.size;
  }
  return {
    memory: memory.used,
    storage: file.used,
    reserved_memory: memory.reserved,
    reserved_storage: file.reserved,
    streams: account.streams.size,
    consumers,
    limits: UNLIMITED,
    domain: account.context.domain,
    api: { level: apiLevel, ...account.api },
  };
}
