/** `$JS.API.CONSUMER.PAUSE.<stream>.<consumer>`: no delivery until a time; without one, or with one that is past, it resumes. */
import { setTime, withRequiredLevel } from "../consumer-config.ts";
import { isApiError } from "../errors.ts";
import { time } from "../json/field-types.ts";
import { formatTime, zeroTime } from "../json/time.ts";
import { findConsumer } from "./consumer-answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { decodeOptionalBody } from "./request-body.ts";

const pauseRequest = { struct: "JSApiConsumerPauseRequest", fields: { pause_until: time } } as const;

export const consumerPause: Endpoint = {
  subject: "CONSUMER.PAUSE.*.*",
  type: "consumer_pause_response",
  always: { paused: false, pause_until: zeroTime },
  handle(call) {
    const { account, body } = call;
    const request = decodeOptionalBody(body, pauseRequest, account);
    if (isApiError(request)) {
      return { error: request };
    }
    const consumer = findConsumer(call);
    if (isApiError(consumer)) {
      return { error: consumer };
    }
    const until = setTime(request?.pause_until);
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
