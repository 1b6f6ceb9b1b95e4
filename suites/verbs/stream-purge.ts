/** `$JS.API.STREAM.PURGE.<stream>` (ADR-10). */
import { callApi } from "./api-call.ts";
import { count, name, sequence } from "./fields.ts";
import { verb } from "./verb.ts";

export const streamPurge = verb({
  name: "stream-purge",
  about: "Purges a stream: everything, below `seq`, all but `keep`, or what `filter` matches.",
  fields: { stream: name(), seq: sequence().optional(), keep: count().optional(), filter: name().optional() },
  reply: "`success`, `purged`; `error`",
  run({ stream, ...options }, context) {
    const body = Object.keys(options).length === 0 ? undefined : context.names.body(options);
    return callApi({ subject: `STREAM.PURGE.${context.names.stream(stream)}`, body }, context);
  },
});
