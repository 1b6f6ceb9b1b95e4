/** `$JS.API.CONSUMER.UNPIN.<stream>.<consumer>` (ADR-42). No consumer here has priority groups, so no group is ever found. */
import { isGroupName } from "../consumer-validation.ts";
import { apiErrors, because, isApiError } from "../errors.ts";
import { text } from "../json/field-types.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { decodeBody } from "./request-body.ts";

const unpinRequest = { struct: "JSApiConsumerUnpinRequest", fields: { group: text } } as const;

export const consumerUnpin: Endpoint = {
  subject: "CONSUMER.UNPIN.*.*",
  type: "consumer_unpin_response",
  handle(call) {
    if (call.body === "") {
      return { error: because(apiErrors.invalidJSON, "unexpected end of JSON input") };
    }
    const request = decodeBody(call.body, unpinRequest, { strict: false });
    if (isApiError(request)) {
      return { error: request };
    }
    const group = request.group ?? "";
    if (group === "") {
      return { error: because(apiErrors.invalidJSON, "consumer group not specified") };
    }
    if (!isGroupName(group)) {
      return { error: apiErrors.consumerInvalidGroupName };
    }
    const consumer = findConsumer(call);
    return { error: isApiError(consumer) ? consumer : apiErrors.consumerInvalidPriorityGroup };
  },
};
