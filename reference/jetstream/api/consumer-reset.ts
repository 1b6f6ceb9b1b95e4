/**
 * `$JS.API.CONSUMER.RESET.<stream>.<consumer>` (ADR-60): back to the ack floor, or to `seq` where the deliver policy allows it.
 * Pending and redelivered messages are forgotten, and consumer sequences begin at 1 again.
 */
import type { Consumer } from "../consumer.ts";
import { oneShotProblem } from "../consumer-json.ts";
import { apiErrors, because, isApiError } from "../errors.ts";
import { decodeJson, type Int64 } from "../json/decode.ts";
import { uint64 } from "../json/field-types.ts";
import { answeredConsumer, findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";

const resetRequest = { struct: "JSApiConsumerResetRequest", fields: { seq: uint64 } } as const;

export const consumerReset: Endpoint = {
  subject: "CONSUMER.RESET.*.*",
  type: "consumer_reset_response",
  always: { reset_seq: 0 },
  uncounted: true,
  handle(call) {
    const consumer = findConsumer(call);
    if (isApiError(consumer)) {
      // On the official server the consumer itself serves this, so where none is, nobody answers.
      return undefined;
    }
    const decoded = decodeJson(call.body, resetRequest, { strict: false });
    if ("invalid" in decoded) {
      return { error: because(apiErrors.invalidJSON, oneShotProblem(decoded.invalid)) };
    }
    const asked = decoded.value.seq ?? 0;
    const { sequences } = consumer.core.host;
    const problem = asked === 0 ? undefined : problemOf(consumer, asked);
    if (problem !== undefined) {
      return { error: because(apiErrors.consumerInvalidReset, problem) };
    }
    const sequence = asked === 0 ? consumer.core.state.floor.stream + 1 : sequences.given(asked);
    consumer.reset(sequence);
    return { success: { ...answeredConsumer(call, consumer), reset_seq: asked === 0 ? sequences.shown(sequence) : asked } };
  },
};

function problemOf({ config, core }: Consumer, asked: Int64): string | undefined {
  switch (config.deliver_policy) {
    case "all":
      return undefined;
    case "by_start_sequence":
      return asked < config.opt_start_seq ? "below start seq" : undefined;
    case "by_start_time":
      return core.host.sequences.given(asked) < core.host.messages.sequenceAtTime(config.opt_start_time?.timeNs ?? 0n)
        ? "below start time"
        : undefined;
    default:
      return "not allowed";
  }
}
