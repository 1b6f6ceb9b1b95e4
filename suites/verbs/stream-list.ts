/** `$JS.API.STREAM.LIST` (ADR-1, "Paging"). Streams of other cases on the same server are left out of `streams`, not of `total`. */
import { callApiUnstripped } from "./api-call.ts";
import { count, name } from "./fields.ts";
import { ownStreams } from "./own-streams.ts";
import { verb } from "./verb.ts";

export const streamList = verb({
  name: "stream-list",
  about: "Lists the case's streams with configuration and state.",
  fields: { subject: name().optional(), offset: count().optional() },
  reply: "`streams: [{ config, state }]`, `total`, `offset`, `limit`; `error`",
  run: async (options, context) =>
    ownStreams(await callApiUnstripped({ subject: "STREAM.LIST", body: context.names.body(options) }, context), context.names),
});
