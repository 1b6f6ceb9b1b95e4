/** `$JS.API.STREAM.MSG.GET.<stream>` (ADR-31, "read-after-write coherency"). Payload and headers of the reply are decoded. */
import { z } from "zod";
import { Headers } from "../../wire/headers.ts";
import { fieldOf, isRecord, recordOf, type UnknownRecord } from "../catalog/record.ts";
import { callApi } from "./api-call.ts";
import { name, sequence, text } from "./fields.ts";
import { headerRecord } from "./message-value.ts";
import { verb } from "./verb.ts";

export const messageGet = verb({
  name: "message-get",
  about: "Reads one stored message by sequence, or the last or next one of a subject.",
  fields: {
    stream: name(),
    seq: sequence().optional(),
    last_by_subj: name().optional(),
    next_by_subj: name().optional(),
    start_time: text().optional(),
    no_hdr: z.boolean().optional(),
  },
  reply: "`message: { subject, seq, data, headers, time }`; `error`",
  async run({ stream, ...options }, context) {
    const reply = await callApi({ subject: `STREAM.MSG.GET.${context.names.stream(stream)}`, body: context.names.body(options) }, context);
    const message = fieldOf(reply, "message");
    return isRecord(message) ? context.names.strip({ ...recordOf(reply), message: decoded(message) }) : reply;
  },
});

function decoded({ hdrs, data, ...rest }: UnknownRecord): object {
  const headers = typeof hdrs === "string" ? { headers: headerRecord(Headers.parse(Buffer.from(hdrs, "base64"))) } : {};
  return { ...rest, data: typeof data === "string" ? Buffer.from(data, "base64").toString("utf8") : "", ...headers };
}
