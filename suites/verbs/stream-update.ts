/** `$JS.API.STREAM.UPDATE.<stream>` (ADR-1). The request replaces the whole configuration: fields left out go back to their defaults. */
import { callApi } from "./api-call.ts";
import { streamFields } from "./stream-config.ts";
import { verb } from "./verb.ts";

export const streamUpdate = verb({
  name: "stream-update",
  about: "Updates a stream. Fields left out go back to their defaults.",
  fields: streamFields,
  reply: "`config`, `state`; `error`",
  run: (config, context) =>
    callApi({ subject: `STREAM.UPDATE.${context.names.stream(config.name)}`, body: context.names.streamConfig(config) }, context),
});
