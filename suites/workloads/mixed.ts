/**
 * Everything that is acknowledged at once: writers publish, an operator deletes messages, purges, and makes, updates and deletes streams, a consumer
 * pulls and acknowledges, some acks confirmed, and clients race for keys by compare-and-set. One process each, so every client's own order is known.
 */
import { MixedConsumer } from "./mixed-consumer.ts";
import { MixedKeys } from "./mixed-keys.ts";
import { MixedOperator } from "./mixed-operator.ts";
import { Publisher } from "./publisher.ts";
import { readStreams } from "./read-back.ts";
import { RecordedClient } from "./recorded-client.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext, Workload, WorkloadOptions } from "./workload.ts";
import { WorkloadNotPrepared } from "./workload-error.ts";

export class Mixed implements Workload {
  readonly #options: WorkloadOptions;
  readonly #stream: string;
  readonly #publishers: readonly Publisher[];
  readonly #operator: MixedOperator;
  readonly #consumer: MixedConsumer;
  readonly #keys: MixedKeys;
  /** Sequences that the operator may delete. */
  readonly #stored: string[] = [];

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#stream = `${options.prefix}_M`;
    this.#publishers = Array.from({ length: options.writers }, (_, index) => {
      const to = { stream: this.#stream, subject: `${options.prefix}.m.w${index + 1}` };
      const onAcknowledged = (seq: string): void => {
        this.#stored.push(seq);
      };
      return new Publisher(index + 1, { to, options, onAcknowledged });
    });
    const common = { stream: this.#stream, prefix: options.prefix, storage: options.storage };
    this.#operator = new MixedOperator({
      ...common,
      process: options.writers + 1,
      random: new SeededRandom(options.seed),
      stored: this.#stored,
    });
    this.#consumer = new MixedConsumer({ ...common, process: options.writers + 2, random: new SeededRandom(options.seed + 1) });
    this.#keys = new MixedKeys(options, options.writers + 3);
  }

  get streams(): readonly string[] {
    return [this.#stream, this.#keys.stream, ...this.#operator.streams];
  }

  async prepare(context: PhaseContext): Promise<void> {
    const stream = this.#stream;
    const client = await RecordedClient.open(0, context);
    const config = { name: stream, subjects: [`${this.#options.prefix}.m.>`], storage: this.#options.storage };
    const made = await client.api({ kind: "create-stream", stream }, `STREAM.CREATE.${stream}`, config);
    const consumer = made.outcome === "ok" ? await this.#consumer.create(client) : made;
    const keys = consumer.outcome === "ok" ? await this.#keys.create(client) : consumer;
    await client.close();
    if (keys.outcome !== "ok") {
      throw new WorkloadNotPrepared(`stream ${stream}, its consumer and a stream of keys`, keys.reply?.error?.description);
    }
  }

  async phase(context: PhaseContext): Promise<void> {
    await Promise.all([
      ...this.#publishers.map((publisher) => publisher.run(context)),
      this.#operator.run(context),
      this.#consumer.run(context),
      this.#keys.run(context),
    ]);
  }

  async readBack(context: PhaseContext): Promise<void> {
    await readStreams(this.streams, context);
    await this.#consumer.readBack(context);
  }
}
