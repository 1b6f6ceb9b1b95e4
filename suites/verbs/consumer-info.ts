/** `$JS.API.CONSUMER.INFO.<stream>.<consumer>` (ADR-1). */
import { callApi } from "./api-call.ts";
import { name } from "./fields.ts";
import { verb } from "./verb.ts";

export const consumerInfo = verb({
  name: "consumer-info",
  about: "Reads a consumer's configuration and state.",
  fields: { stream: name(), consumer: name() },
  reply:
    "`config`, `delivered`, `ack_floor: { consumer_seq, stream_seq }`, `num_ack_pending`, `num_redelivered`, `num_waiting`, `num_pending`; `error`",
  run: ({ stream, consumer }, context) => callApi({ subject: `CONSUMER.INFO.${context.names.stream(stream)}.${consumer}` }, context),
});
