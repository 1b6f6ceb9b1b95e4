/** The consumer of the mixed workload: pulls, acknowledges every message, two of three with a confirmed ack; in the end asks for all that is left. */

import { connect } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import type { Message } from "../../wire/message.ts";
import { deliveryOf } from "../verbs/message-value.ts";
import { type Outcome, RecordedClient } from "./recorded-client.ts";
import { consumerInfoReply, readReply } from "./replies.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext } from "./workload.ts";

const batch = 20;
/** Short, so that what was delivered before a fault comes again within the read-back. */
const ackWaitMs = 300;
const readBackBatch = 10_000;
const pullMs = 250;
const readBackRoundsMax = 8;

export interface ConsumerOptions {
  readonly process: number;
  readonly stream: string;
  readonly random: SeededRandom;
}

export class MixedConsumer {
  readonly #options: ConsumerOptions;
  readonly #consumer = "C";

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  create(client: RecordedClient): Promise<Outcome> {
    const { stream } = this.#options;
    const consumer = this.#consumer;
    const config = { name: consumer, durable_name: consumer, ack_policy: "explicit", ack_wait: ackWaitMs * 1e6, max_ack_pending: -1 };
    return client.api({ kind: "create-consumer", stream, consumer }, `CONSUMER.CREATE.${stream}.${consumer}`, {
      stream_name: stream,
      config,
    });
  }

  async run(context: PhaseContext): Promise<void> {
    const client = await RecordedClient.open(this.#options.process, context);
    try {
      while (!context.isEnough() && !client.gone && !context.cut.aborted && !context.signal.aborted) {
        const messages = await pull(client.connection, this.#next, { batch, expiresMs: pullMs });
        await this.#acknowledge(client, messages);
      }
    } finally {
      await client.close();
    }
  }

  /**
   * The state of the consumer, and every sequence it delivers now. Nothing is acknowledged, so a message may come twice. What the consumer says is still to
   * come is waited for; one time in ten everything that might come is, whatever it says.
   */
  async readBack({ url, history, timeoutMs, signal }: PhaseContext): Promise<void> {
    const { stream, random } = this.#options;
    const consumer = this.#consumer;
    const connection = await connect({ url, name: "consumer-read-back", timeoutMs, signal });
    try {
      const answer = await connection.request({ subject: `$JS.API.CONSUMER.INFO.${stream}.${consumer}` });
      const info = readReply(consumerInfoReply, answer);
      if (info?.ack_floor === undefined) {
        history.consumerRead({ stream, consumer, missing: true });
        return;
      }
      const expected = random.next() < 0.1 ? Number.POSITIVE_INFINITY : Number(info.num_pending ?? 0) + Number(info.num_ack_pending ?? 0);
      const redelivered = await this.#deliveries(connection, expected);
      history.consumerRead({ stream, consumer, ackFloorSeq: String(info.ack_floor.stream_seq), redelivered });
    } finally {
      await connection.close();
    }
  }

  async #deliveries(connection: Connection, expected: number): Promise<string[]> {
    const seen = new Set<string>();
    // Even of a consumer that says it has nothing something may come at once.
    const first = await pull(connection, this.#next, { batch: readBackBatch, expiresMs: 20 });
    for (let messages = first, round = 0; round < readBackRoundsMax; round++) {
      const before = seen.size;
      for (const { reply = "" } of messages) {
        seen.add(String(deliveryOf(reply).seq));
      }
      if (seen.size >= expected || (seen.size === before && round > 0)) {
        break;
      }
      // Longer than ack_wait in all, so that what was pending comes again.
      const batch = Math.min(readBackBatch, expected - seen.size);
      messages = await pull(connection, this.#next, { batch, expiresMs: ackWaitMs * 1.25 });
    }
    return [...seen];
  }

  get #next(): string {
    return `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#consumer}`;
  }

  async #acknowledge(client: RecordedClient, messages: readonly Message[]): Promise<void> {
    const { stream, random } = this.#options;
    const confirming = messages.map(async ({ reply = "" }) => {
      const confirmed = random.next() < 2 / 3;
      const op = { kind: "ack", stream, consumer: this.#consumer, seq: String(deliveryOf(reply).seq), confirmed } as const;
      if (!confirmed) {
        client.plainAck(op, reply);
        return;
      }
      await client.confirmedAck(op, reply);
    });
    await Promise.all(confirming);
  }
}

type Connection = RecordedClient["connection"];

/** What one pull request brings. A lost connection ends it like any other end: the caller sees that it is gone. */
export async function pull(
  connection: Connection,
  subject: string,
  { batch: size, expiresMs }: { batch: number; expiresMs: number },
): Promise<Message[]> {
  const messages: Message[] = [];
  try {
    const inbox = connection.newInbox();
    const subscription = connection.subscribe(inbox);
    connection.publish({ subject, reply: inbox, payload: JSON.stringify({ batch: size, expires: expiresMs * 1e6 }) });
    while (messages.length < size) {
      const message = await subscription.next({ timeoutMs: expiresMs + 1000 });
      if (message.status !== undefined) {
        break;
      }
      messages.push(message);
    }
    subscription.unsubscribe();
  } catch (error) {
    if (!isWireError(error)) {
      throw error;
    }
  }
  return messages;
}
