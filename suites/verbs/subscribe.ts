/** A core subscription of the case, kept under a name until the case ends (docs: client protocol, SUB). */
import { count, name, text } from "./fields.ts";
import { verb } from "./verb.ts";

export const subscribe = verb({
  name: "subscribe",
  about: "Subscribes and keeps the subscription under the name `as`; returns when the server has it.",
  fields: { as: text(), subject: name(), queue: text().optional(), max: count().optional() },
  reply: "`{}`",
  async run(step, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const queue = step.queue === undefined ? {} : { queue: step.queue };
    const max = step.max === undefined ? {} : { max: Number(step.max) };
    session.keepSubscription(step.as, connection.subscribe(names.subject(step.subject), { ...queue, ...max }));
    await connection.flush({ timeoutMs });
    return {};
  },
});
