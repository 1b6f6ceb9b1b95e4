/** `$JS.API.STREAM.MSG.DELETE.<stream>` (docs: API reference, streams). */
import { z } from "zod";
import { callApi } from "./api-call.ts";
import { name, sequence } from "./fields.ts";
import { verb } from "./verb.ts";

export const messageDelete = verb({
  name: "message-delete",
  about: "Deletes one stored message by sequence.",
  fields: { stream: name(), seq: sequence(), no_erase: z.boolean().optional() },
  reply: "`success`; `error`",
  run: ({ stream, ...options }, context) =>
    callApi({ subject: `STREAM.MSG.DELETE.${context.names.stream(stream)}`, body: context.names.body(options) }, context),
});
