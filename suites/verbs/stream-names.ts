/** `$JS.API.STREAM.NAMES` (ADR-1, "Paging"). Streams of other cases on the same server are left out of `streams`, not of `total`. */
import { callApiUnstripped } from "./api-call.ts";
import { count, name } from "./fields.ts";
import { ownStreams } from "./own-streams.ts";
import { verb } from "./verb.ts";

export const streamNames = verb({
  name: "stream-names",
  about: "Lists the names of the case's streams.",
  fields: { subject: name().optional(), offset: count().optional() },
  reply: "`streams: [name]`, `total`, `offset`, `limit`; `error`",
  run: async (options, context) =>
    ownStreams(await callApiUnstripped({ subject: "STREAM.NAMES", body: context.names.body(options) }, context), context.names),
});
