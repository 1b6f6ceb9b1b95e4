/**
 * Any request: of the JetStream API (`api: STREAM.INFO`, with the names behind it in `stream`, `consumer`, `rest`), for what no verb of its own
 * says, or to a subject of the case.
 */
import { z } from "zod";
import { isWireError } from "../../wire/errors.ts";
import type { Names } from "../runner/names.ts";
import { callApi, headersOf } from "./api-call.ts";
import { headerLines, headers, name, text } from "./fields.ts";
import { messageValue } from "./message-value.ts";
import { StepInvalid, verb } from "./verb.ts";

export const request = verb({
  name: "request",
  about: "Sends any API request, or a request to a subject of the case.",
  fields: {
    /** What follows `$JS.API.`, without names: `STREAM.INFO`, `CONSUMER.CREATE`. */
    api: text().optional(),
    stream: name().optional(),
    consumer: name().optional(),
    /** Further tokens of the subject, sent as they are. */
    rest: text().optional(),
    /** JSON body. In a stream request `name` is a stream name. */
    body: z.record(z.string(), z.unknown()).optional(),
    /** A body that is no JSON, sent as it is. */
    text: text().optional(),
    headers: headers().optional(),
    /** Instead of `api`: a subject of the case. */
    subject: name().optional(),
    data: text().optional(),
  },
  reply: "the JSON of the answer, or `status` and `description`; for `subject`: `data`, `headers`; `status: 503` when nobody listens",
  async run(step, context) {
    const { names, session, timeoutMs } = context;
    const lines = headerLines(step.headers);
    try {
      if (step.api === undefined) {
        if (step.subject === undefined) {
          throw new StepInvalid(`step "request" needs api or subject`);
        }
        const connection = await session.connection(context.connection);
        const message = { subject: names.subject(step.subject), payload: step.data ?? "", ...headersOf(lines) };
        return messageValue(await connection.request(message, { timeoutMs }), names);
      }
      const tokens = [step.api, step.stream === undefined ? undefined : names.stream(step.stream), step.consumer, step.rest];
      const subject = tokens.filter((token) => token !== undefined).join(".");
      const body = step.body === undefined ? undefined : bodyOf(step.api, step.body, names);
      return await callApi({ subject, body, text: step.text, headers: lines }, context);
    } catch (error) {
      if (isWireError(error, "WIRE_NO_RESPONDERS")) {
        return { status: 503 };
      }
      throw error;
    }
  },
});

function bodyOf(api: string, body: Record<string, unknown>, names: Names): unknown {
  return /^STREAM\.(CREATE|UPDATE)$/.test(api) ? names.streamConfig(body) : names.body(body);
}
