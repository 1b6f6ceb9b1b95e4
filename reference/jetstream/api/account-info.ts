/** `$JS.API.INFO`: what the account uses and may use. */
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
  handle({ account }) {
    const { memory, storage, reserved_memory, reserved_storage, streams, consumers, api } = account.status();
    const used = { memory, storage, reserved_memory, reserved_storage, streams, consumers };
    return { success: { ...used, limits: UNLIMITED, domain: account.context.domain, api } };
  },
};
