/** `$JS.API.CONSUMER.INFO.<stream>.<consumer>` (ADR-15). */
import { isApiError } from "../errors.ts";
import { answeredConsumer, findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";

export const consumerInfoEndpoint: Endpoint = {
  subject: "CONSUMER.INFO.*.*",
  type: "consumer_info_response",
  handle(call) {
    const consumer = findConsumer(call);
    return isApiError(consumer) ? { error: consumer } : { success: answeredConsumer(call, consumer) };
  },
};
