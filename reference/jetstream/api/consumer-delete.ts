/** `$JS.API.CONSUMER.DELETE.<stream>.<consumer>`: the request must be empty (ADR-15). */
import { apiErrors, isApiError } from "../errors.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";

export const consumerDelete: Endpoint = {
  subject: "CONSUMER.DELETE.*.*",
  type: "consumer_delete_response",
  handle(call) {
    if (!isEmptyRequest(call.body)) {
      return { error: apiErrors.notEmptyRequest };
    }
    const consumer = findConsumer(call);
    if (isApiError(consumer)) {
      return { error: consumer };
    }
    consumer.delete();
    return { success: { success: true } };
  },
};

/** No bytes, or an object without keys. */
function isEmptyRequest(body: string): boolean {
  return body === "" || /^\s*\{\s*\}\s*$/.test(body);
}
