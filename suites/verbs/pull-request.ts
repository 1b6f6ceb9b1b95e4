/** Sends a pull request and does not wait: what it brings goes to a subject of the case, read with `next` (ADR-13). */
import { z } from "zod";
import { stringifyLossless } from "../runner/lossless-json.ts";
import { count, duration, name } from "./fields.ts";
import { verb } from "./verb.ts";

export const pullRequest = verb({
  name: "pull-request",
  about: "Sends a pull request whose messages go to the subject `reply`, and waits for nothing.",
  fields: {
    stream: name(),
    consumer: name(),
    reply: name(),
    batch: count().default(1),
    expires: duration().optional(),
    no_wait: z.boolean().optional(),
  },
  reply: "`{}`",
  async run({ stream, consumer, reply, ...rest }, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${names.stream(stream)}.${consumer}`;
    connection.publish({ subject, reply: names.subject(reply), payload: stringifyLossless(names.body(rest)) });
    await connection.flush({ timeoutMs });
    return {};
  },
});
