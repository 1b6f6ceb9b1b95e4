/**
 * `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>` (ADR-13): asks for a batch and gathers messages until the batch is full or a status ends it.
 * Without `expires` and `no_wait` the request would wait for ever, so `expires` is 2 s then.
 */
import { z } from "zod";
import { isWireError } from "../../wire/errors.ts";
import type { Subscription } from "../../wire/subscription.ts";
import { parseDuration } from "../catalog/quantities.ts";
import { stringifyLossless } from "../runner/lossless-json.ts";
import { count, duration, milliseconds, name, text } from "./fields.ts";
import { type MessageValue, messageValue } from "./message-value.ts";
import { verb } from "./verb.ts";

export const fetch = verb({
  name: "fetch",
  about: "Pulls a batch from a consumer.",
  fields: {
    stream: name(),
    consumer: name(),
    batch: count().default(1),
    expires: duration().optional(),
    no_wait: z.boolean().optional(),
    max_bytes: z.union([z.int(), z.string()]).optional(),
    idle_heartbeat: duration().optional(),
    /** Sent as it is instead of the JSON request. */
    text: text().optional(),
    /** How many messages are waited for, where it is not `batch`. */
    messages: count().optional(),
  },
  reply:
    "`messages: [{ subject, data, headers, seq, consumer_seq, deliveries, pending, reply }]`, `status` and `description` of what ended it",
  ordinaryStatuses: [404, 408],
  async run(step, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const inbox = connection.newInbox();
    const subscription = connection.subscribe(inbox);
    const expires = step.expires ?? (step.no_wait === true ? undefined : "2s");
    const { stream, consumer, text: verbatim, messages: wanted = step.batch, ...rest } = step;
    const body = names.body({ ...rest, ...(expires === undefined ? {} : { expires }) });
    // A server that never ends the request is silent, not slow: it gets a second more than it asked for itself.
    const waitMs = Math.min(
      timeoutMs,
      expires === undefined || parseDuration(expires) === undefined ? timeoutMs : milliseconds(expires) + 1000,
    );
    connection.publish({
      subject: `$JS.API.CONSUMER.MSG.NEXT.${names.stream(stream)}.${consumer}`,
      reply: inbox,
      payload: verbatim ?? stringifyLossless(body),
    });
    try {
      return await gather(subscription, {
        wanted: Number(wanted),
        deadline: performance.now() + waitMs,
        value: (message) => messageValue(message, names),
      });
    } finally {
      subscription.unsubscribe();
    }
  },
});

type Value = (message: Awaited<ReturnType<Subscription["next"]>>) => MessageValue;

async function gather(
  subscription: Subscription,
  { wanted, deadline, value }: { wanted: number; deadline: number; value: Value },
): Promise<unknown> {
  const messages: MessageValue[] = [];
  while (messages.length < wanted) {
    const message = value(await next(subscription, deadline, messages.length));
    // Heartbeats only say that the server lives.
    if (message.status === 100) {
      continue;
    }
    if (message.status !== undefined) {
      const { status, description, headers } = message;
      return { messages, status, description, ...(headers === undefined ? {} : { headers }) };
    }
    messages.push(message);
  }
  return { messages };
}

async function next(subscription: Subscription, deadline: number, got: number): ReturnType<Subscription["next"]> {
  try {
    return await subscription.next({ timeoutMs: Math.max(1, deadline - performance.now()) });
  } catch (error) {
    if (isWireError(error, "WIRE_TIMEOUT")) {
      throw new FetchUnanswered(got);
    }
    throw error;
  }
}

/** Neither the batch nor a status came: the server left the request open beyond its own `expires`. */
export class FetchUnanswered extends Error {
  override readonly name = "FetchUnanswered";
  readonly code = "WIRE_TIMEOUT";
  constructor(got: number) {
    super(`the pull request was neither filled nor ended in time; ${got} messages came`);
  }
}
