/** `$JS.API.CONSUMER.PAUSE.<stream>.<consumer>`: no delivery until a time; without one, or with one that is past, it resumes. */
import { setTime, withRequiredLevel } from "../consumer-config.ts";
import { apiErrors, because, isApiError } from "../errors.ts";
import { decodeJson } from "../json/decode.ts";
import { time } from "../json/field-types.ts";
import { formatTime, zeroTime } from "../json/time.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";

const pauseRequest = { struct: "JSApiConsumerPauseRequest", fields: { pause_until: time } } as const;

export const consumerPause: Endpoint = {
  subject: "CONSUMER.PAUSE.*.*",
  type: "consumer_pause_response",
  always: { paused: false, pause_until: zeroTime },
  handle(call) {
    const { account, body } = call;
    const decoded = /^\s*[[{]/.test(body) ? decodeJson(body, pauseRequest, { strict: account.strict }) : { value: {} };
    if ("invalid" in decoded) {
      return { error: because(apiErrors.invalidJSON, decoded.invalid) };
    }
    const consumer = findConsumer(call);
    if (isApiError(consumer)) {
      return { error: consumer };
    }
    const until = setTime("pause_until" in decoded.value ? decoded.value.pause_until : undefined);
    consumer.configure(withRequiredLevel({ ...consumer.config, pause_until: until }));
    const leftNs = until === undefined ? 0n : until - account.context.clock.nowNs();
    return {
      success: {
        paused: leftNs > 0n,
        pause_until: until === undefined ? zeroTime : formatTime(until),
        pause_remaining: leftNs > 0n ? leftNs : undefined,
      },
    };
  },
};
