/** The administrator of the mixed workload: one acknowledged change after the other, drawn from a seed. */
import { type Outcome, RecordedClient } from "./recorded-client.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext } from "./workload.ts";

export interface OperatorOptions {
  readonly process: number;
  readonly stream: string;
  readonly prefix: string;
  readonly storage: string;
  readonly random: SeededRandom;
  /** Sequences of acknowledged messages, oldest first; deleted ones are taken out. */
  readonly stored: string[];
}

export class MixedOperator {
  readonly #options: OperatorOptions;
  /** Every side stream ever asked for, and the ones that exist. */
  readonly #streams: string[] = [];
  #existing: string[] = [];
  #versions = 0;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  get streams(): readonly string[] {
    return this.#streams;
  }

  async run(context: PhaseContext): Promise<void> {
    const client = await RecordedClient.open(this.#options.process, context);
    try {
      while (!context.isEnough() && !client.gone && !context.cut.aborted && !context.signal.aborted) {
        await this.#change(client);
      }
    } finally {
      await client.close();
    }
  }

  #change(client: RecordedClient): Promise<Outcome> {
    const draw = this.#options.random.next();
    if (draw < 0.6) {
      return this.#deleteMessage(client);
    }
    if (draw < 0.65) {
      return this.#purge(client);
    }
    if (draw < 0.8 || this.#existing.length === 0) {
      return this.#createStream(client);
    }
    return draw < 0.95 ? this.#updateStream(client) : this.#deleteStream(client);
  }

  async #deleteMessage(client: RecordedClient): Promise<Outcome> {
    const { random, stored, stream } = this.#options;
    const index = random.between(0, Math.max(0, stored.length - 1));
    const [seq = "1"] = stored.splice(index, 1);
    return client.api({ kind: "delete-message", stream, seq }, `STREAM.MSG.DELETE.${stream}`, { seq: Number(seq) });
  }

  /** Of the first writer's messages only the older part, so that there is always something left to lose. */
  #purge(client: RecordedClient): Promise<Outcome> {
    const { stored, stream, prefix } = this.#options;
    const below = stored[Math.floor(stored.length / 2)] ?? "1";
    const filter = `${prefix}.m.w1`;
    return client.api({ kind: "purge", stream, filter, below }, `STREAM.PURGE.${stream}`, { filter, seq: Number(below) });
  }

  async #createStream(client: RecordedClient): Promise<Outcome> {
    const stream = `${this.#options.prefix}_X${this.#streams.length + 1}`;
    this.#streams.push(stream);
    const config = this.#config();
    const done = await client.api({ kind: "create-stream", stream, config }, `STREAM.CREATE.${stream}`, this.#wire(stream, config));
    if (done.outcome === "ok") {
      this.#existing.push(stream);
    }
    return done;
  }

  #updateStream(client: RecordedClient): Promise<Outcome> {
    const stream = this.#options.random.pick(this.#existing) ?? "";
    const config = this.#config();
    return client.api({ kind: "update-stream", stream, config }, `STREAM.UPDATE.${stream}`, this.#wire(stream, config));
  }

  #deleteStream(client: RecordedClient): Promise<Outcome> {
    const stream = this.#options.random.pick(this.#existing) ?? "";
    this.#existing = this.#existing.filter((each) => each !== stream);
    return client.api({ kind: "delete-stream", stream }, `STREAM.DELETE.${stream}`);
  }

  /** The description stands for the whole configuration: the read-back compares it. */
  #config(): string {
    this.#versions++;
    return `version ${this.#versions}`;
  }

  #wire(stream: string, description: string): object {
    return { name: stream, description, subjects: [`${stream}.>`], storage: this.#options.storage };
  }
}
