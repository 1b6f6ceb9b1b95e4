/** `$JS.API.STREAM.INFO.<stream>` (ADR-1). */
import { z } from "zod";
import { callApi } from "./api-call.ts";
import { name } from "./fields.ts";
import { verb } from "./verb.ts";

export const streamInfo = verb({
  name: "stream-info",
  about: "Reads a stream's configuration and state.",
  fields: {
    stream: name(),
    deleted_details: z.boolean().optional(),
    subjects_filter: name().optional(),
  },
  reply: "`config`, `state: { messages, bytes, first_seq, last_seq, consumer_count, num_deleted, deleted, subjects }`; `error`",
  run({ stream, ...options }, context) {
    const body = Object.keys(options).length === 0 ? undefined : context.names.body(options);
    return callApi({ subject: `STREAM.INFO.${context.names.stream(stream)}`, body }, context);
  },
});
