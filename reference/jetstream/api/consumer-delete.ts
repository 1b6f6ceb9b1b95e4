/** `$JS.API.CONSUMER.DELETE.<stream>.<consumer>`: the request must be empty (ADR-15). */
import { apiErrors, isApiError } from "../errors.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { isEmptyBody } from "./request-body.ts";

export const consumerDelete: Endpoint = {
  subject: "CONSUMER.DELETE.*.*",
  type: "consumer_delete_response",
  handle(call) {
    if (!isEmptyBody(call.body)) {
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
