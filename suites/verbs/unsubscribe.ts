/** Ends a subscription of the case, at once or after `max` messages since its beginning (docs: client protocol, UNSUB). */
import { count, text } from "./fields.ts";
import { verb } from "./verb.ts";

export const unsubscribe = verb({
  name: "unsubscribe",
  about: "Ends a subscription, with `max` after that many messages.",
  fields: { subscription: text(), max: count().optional() },
  reply: "`{}`",
  async run(step, { session, connection: which, timeoutMs }) {
    session.subscription(step.subscription).unsubscribe(step.max === undefined ? undefined : Number(step.max));
    await (await session.connection(which)).flush({ timeoutMs });
    return {};
  },
});
