/** `$JS.API.STREAM.DELETE.<stream>`: with its messages and consumers. A body is refused, so that no option is overlooked. */
import { apiErrors } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { isEmptyBody } from "./request-body.ts";

export const streamDelete: Endpoint = {
  subject: "STREAM.DELETE.*",
  type: "stream_delete_response",
  handle({ account, tokens: [name = ""], body }) {
    if (!isEmptyBody(body)) {
      return { error: apiErrors.notEmptyRequest };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    account.deleteStream(stream);
    return { success: { success: true } };
  },
};
