/** Reads what arrived on a subscription of the case: `count` messages, or fewer when `wait` passes first. */
import { isWireError } from "../../wire/errors.ts";
import { count, duration, milliseconds, text } from "./fields.ts";
import { type MessageValue, messageValue } from "./message-value.ts";
import { verb } from "./verb.ts";

export const next = verb({
  name: "next",
  about: "Reads up to `count` messages of a subscription, waiting at most `wait`; ends early when the subscription does.",
  fields: { subscription: text(), count: count().default(1), wait: duration().default("1s") },
  reply: "`messages: [{ subject, data, headers, status, seq, … }]`",
  async run(step, { session, names, timeoutMs }) {
    const subscription = session.subscription(step.subscription);
    const deadline = performance.now() + Math.min(timeoutMs, milliseconds(step.wait));
    const messages: MessageValue[] = [];
    while (messages.length < Number(step.count)) {
      try {
        messages.push(messageValue(await subscription.next({ timeoutMs: Math.max(1, deadline - performance.now()) }), names));
      } catch (error) {
        if (isWireError(error, "WIRE_TIMEOUT") || isWireError(error, "WIRE_CLOSED")) {
          break;
        }
        throw error;
      }
    }
    return { messages };
  },
});
