/** `$JS.API.CONSUMER.CREATE.<stream>[.<name>]` (ADR-37; docs: consumers, configuration). */
import { z } from "zod";
import { callApi } from "./api-call.ts";
import { name } from "./fields.ts";
import { consumerFields } from "./stream-config.ts";
import { verb } from "./verb.ts";

export const consumerCreate = verb({
  name: "consumer-create",
  about: "Creates or updates a consumer. Without `name` the server invents one. The fields are those of the API's consumer configuration.",
  fields: { stream: name(), action: z.string().optional(), ...consumerFields },
  reply: "`name`, `config`, `delivered`, `ack_floor`, `num_pending`; `error`",
  run({ stream, action, name: consumer, ...config }, context) {
    const { names } = context;
    const named = consumer === undefined ? {} : { name: consumer, durable_name: consumer };
    const body = names.body({ stream_name: stream, ...(action === undefined ? {} : { action }), config: { ...named, ...config } });
    return callApi({ subject: `CONSUMER.CREATE.${names.stream(stream)}${consumer === undefined ? "" : `.${consumer}`}`, body }, context);
  },
});
