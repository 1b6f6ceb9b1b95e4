/** `$JS.API.STREAM.DELETE.<stream>` (ADR-1). */
import { callApi } from "./api-call.ts";
import { name } from "./fields.ts";
import { verb } from "./verb.ts";

export const streamDelete = verb({
  name: "stream-delete",
  about: "Deletes a stream with its messages and consumers.",
  fields: { stream: name() },
  reply: "`success`; `error`",
  run: ({ stream }, context) => callApi({ subject: `STREAM.DELETE.${context.names.stream(stream)}` }, context),
});
