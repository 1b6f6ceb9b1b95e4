/** `$JS.API.CONSUMER.DELETE.<stream>.<consumer>` (docs: API reference, consumers). */
import { callApi } from "./api-call.ts";
import { name } from "./fields.ts";
import { verb } from "./verb.ts";

export const consumerDelete = verb({
  name: "consumer-delete",
  about: "Deletes a consumer.",
  fields: { stream: name(), consumer: name() },
  reply: "`success`; `error`",
  run: ({ stream, consumer }, context) => callApi({ subject: `CONSUMER.DELETE.${context.names.stream(stream)}.${consumer}` }, context),
});
