/** `$JS.API.STREAM.CREATE.<stream>` (ADR-1; docs: streams, configuration). */
import { callApi } from "./api-call.ts";
import { streamFields } from "./stream-config.ts";
import { verb } from "./verb.ts";

export const streamCreate = verb({
  name: "stream-create",
  about: "Creates a stream. The fields are those of the API's stream configuration.",
  fields: streamFields,
  reply: "`config`, `state`, `created`; `error`",
  run: (config, context) =>
    callApi({ subject: `STREAM.CREATE.${context.names.stream(config.name)}`, body: context.names.streamConfig(config) }, context),
});
