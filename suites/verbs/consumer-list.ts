/** `$JS.API.CONSUMER.LIST.<stream>` and `CONSUMER.NAMES` (docs: API reference, consumers). */
import { z } from "zod";
import { callApi } from "./api-call.ts";
import { count, name } from "./fields.ts";
import { verb } from "./verb.ts";

export const consumerList = verb({
  name: "consumer-list",
  about: "Lists a stream's consumers; with `names: true` only their names.",
  fields: { stream: name(), names: z.boolean().optional(), offset: count().optional() },
  reply: "`consumers: [{ name, config, … }]` or `consumers: [name]`, `total`, `offset`, `limit`; `error`",
  run({ stream, names, ...options }, context) {
    const subject = `CONSUMER.${names === true ? "NAMES" : "LIST"}.${context.names.stream(stream)}`;
    return callApi({ subject, body: context.names.body(options) }, context);
  },
});
