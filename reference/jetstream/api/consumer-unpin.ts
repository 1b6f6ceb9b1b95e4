/** `$JS.API.CONSUMER.UNPIN.<stream>.<consumer>` (ADR-42): the next request that is served is pinned instead. */

import { oneShotProblem } from "../consumer-json.ts";
import { isGroupName } from "../consumer-validation.ts";
import { apiErrors, because, isApiError } from "../errors.ts";
import { decodeJson } from "../json/decode.ts";
import { text } from "../json/field-types.ts";
import { unpin } from "../priority-pin.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";

const unpinRequest = { struct: "JSApiConsumerUnpinRequest", fields: { group: text } } as const;

export const consumerUnpin: Endpoint = {
  subject: "CONSUMER.UNPIN.*.*",
  type: "consumer_unpin_response",
  handle(call) {
    if (call.body === "") {
      return { error: because(apiErrors.invalidJSON, "unexpected end of JSON input") };
    }
    const decoded = decodeJson(call.body, unpinRequest, { strict: false });
    if ("invalid" in decoded) {
      return { error: because(apiErrors.invalidJSON, oneShotProblem(decoded.invalid)) };
    }
    const group = decoded.value.group ?? "";
    if (group === "") {
      return { error: because(apiErrors.invalidJSON, "consumer group not specified") };
    }
    if (!isGroupName(group)) {
      return { error: apiErrors.consumerInvalidGroupName };
    }
    const consumer = findConsumer(call);
    if (isApiError(consumer)) {
      return { error: consumer };
    }
    if (!consumer.config.priority_groups.includes(group)) {
      return { error: apiErrors.consumerInvalidPriorityGroup };
    }
    unpin(consumer.core, "admin");
    return { success: {} };
  },
};
