/**
 * One operation of each kind, one at a time and in a fixed order, so that a fault can come right behind the reply to one of them with nothing else under
 * way: create a stream, publish, create a consumer, double-ack, delete a message, update the stream, purge, create, purge and delete another stream.
 */
import { digestOf } from "../../evidence/history/message-digest.ts";
import { deliveryOf } from "../verbs/message-value.ts";
import { MixedConsumer, pull } from "./mixed-consumer.ts";
import { readStreams } from "./read-back.ts";
import { type Outcome, RecordedClient } from "./recorded-client.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext, Workload, WorkloadOptions } from "./workload.ts";

const publishes = 20;
const acks = 10;

export class Sequence implements Workload {
  readonly #options: WorkloadOptions;
  readonly #stream: string;
  readonly #side: string;
  readonly #consumer: MixedConsumer;
  /** What was asked for so far: the read-back looks at no more. */
  #asked: string[] = [];
  #hasConsumer = false;
  #count = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#stream = `${options.prefix}_Q`;
    this.#side = `${options.prefix}_R`;
    this.#consumer = new MixedConsumer({ process: 1, stream: this.#stream, random: new SeededRandom(options.seed) });
  }

  get streams(): readonly string[] {
    return this.#asked;
  }

  /** The first operation that is judged makes the stream. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async phase(context: PhaseContext): Promise<void> {
    const client = await RecordedClient.open(1, context);
    try {
      for await (const { outcome } of this.#operations(client)) {
        if (outcome !== "ok" || context.isEnough() || client.gone) {
          return;
        }
      }
    } finally {
      await client.close();
    }
  }

  async readBack(context: PhaseContext): Promise<void> {
    await readStreams(this.streams, context);
    if (this.#hasConsumer) {
      await this.#consumer.readBack(context);
    }
  }

  async *#operations(client: RecordedClient): AsyncGenerator<Outcome> {
    const stream = this.#stream;
    yield this.#createStream(client, stream);
    for (let number = 0; number < publishes; number++) {
      yield this.#publish(client, stream);
    }
    this.#hasConsumer = true;
    yield this.#consumer.create(client);
    yield* this.#doubleAcks(client);
    yield client.api({ kind: "delete-message", stream, seq: "15" }, `STREAM.MSG.DELETE.${stream}`, { seq: 15 });
    const config = "version 2";
    yield client.api({ kind: "update-stream", stream, config }, `STREAM.UPDATE.${stream}`, this.#config(stream, config));
    yield client.api({ kind: "purge", stream, below: String(publishes) }, `STREAM.PURGE.${stream}`, { seq: publishes });
    // A purge by subject, behind a delete.
    yield this.#createStream(client, this.#side);
    for (let number = 0; number < publishes; number++) {
      yield this.#publish(client, this.#side);
    }
    const filter = `${this.#side}.q`;
    yield client.api({ kind: "delete-message", stream: this.#side, seq: "5" }, `STREAM.MSG.DELETE.${this.#side}`, { seq: 5 });
    yield client.api({ kind: "purge", stream: this.#side, filter }, `STREAM.PURGE.${this.#side}`, { filter });
    yield client.api({ kind: "delete-stream", stream: this.#side }, `STREAM.DELETE.${this.#side}`);
  }

  async *#doubleAcks(client: RecordedClient): AsyncGenerator<Outcome> {
    const stream = this.#stream;
    const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.C`;
    for (const { reply = "" } of await pull(client.connection, next, { batch: acks, expiresMs: 1000 })) {
      const seq = String(deliveryOf(reply).seq);
      yield client.confirmedAck({ kind: "ack", stream, consumer: "C", seq, confirmed: true }, reply);
    }
  }

  #createStream(client: RecordedClient, stream: string): Promise<Outcome> {
    this.#asked = [...this.#asked, stream];
    const config = "version 1";
    return client.api({ kind: "create-stream", stream, config }, `STREAM.CREATE.${stream}`, this.#config(stream, config));
  }

  #publish(client: RecordedClient, stream: string): Promise<Outcome> {
    this.#count++;
    const subject = `${stream}.q`;
    const payload = Buffer.from(`1-${this.#count} `.padEnd(this.#options.size, "."));
    return client.publish({ kind: "publish", stream, subject, digest: digestOf({ payload }) }, { subject, payload });
  }

  #config(name: string, description: string): object {
    return { name, description, subjects: [`${name}.>`], storage: this.#options.storage };
  }
}
