/** `$JS.API.DIRECT.GET.<stream>` and its subject form (ADR-31). The reply is the stored message itself, with `Nats-*` headers, or a status. */
import { isWireError } from "../../wire/errors.ts";
import { stringifyLossless } from "../runner/lossless-json.ts";
import { name, sequence, text } from "./fields.ts";
import { messageValue } from "./message-value.ts";
import { verb } from "./verb.ts";

export const directGet = verb({
  name: "direct-get",
  about: "Reads one message by direct get; `subject` uses the form with the subject in the request's own subject.",
  fields: {
    stream: name(),
    subject: name().optional(),
    seq: sequence().optional(),
    last_by_subj: name().optional(),
    next_by_subj: name().optional(),
    start_time: text().optional(),
  },
  reply: "`data`, `headers: { Nats-Stream, Nats-Subject, Nats-Sequence, Nats-Time-Stamp, … }`; `status` and `description`",
  async run({ stream, subject, ...options }, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const target = `$JS.API.DIRECT.GET.${names.stream(stream)}${subject === undefined ? "" : `.${names.subject(subject)}`}`;
    const payload = subject === undefined ? stringifyLossless(names.body(options)) : "";
    try {
      return messageValue(await connection.request({ subject: target, payload }, { timeoutMs }), names);
    } catch (error) {
      if (isWireError(error, "WIRE_NO_RESPONDERS")) {
        return { status: 503 };
      }
      throw error;
    }
  },
});
