/** N writers publish unique messages to one stream, a window of them in flight; the read-back reads the stream to its end. */
import { prepareStream } from "./prepared-stream.ts";
import { Publisher } from "./publisher.ts";
import { readStreams } from "./read-back.ts";
import type { PhaseContext, Workload, WorkloadOptions } from "./workload.ts";

export class PublishAcked implements Workload {
  readonly streams: readonly string[];
  readonly #options: WorkloadOptions;
  readonly #publishers: readonly Publisher[];

  constructor(options: WorkloadOptions) {
    const stream = `${options.prefix}_P`;
    this.streams = [stream];
    this.#options = options;
    this.#publishers = Array.from({ length: options.writers }, (_, index) => {
      const to = { stream, subject: `${options.prefix}.p.w${index + 1}` };
      return new Publisher(index + 1, { to, options, onAcknowledged: () => undefined });
    });
  }

  prepare(context: PhaseContext): Promise<void> {
    const [name = ""] = this.streams;
    const { prefix, storage } = this.#options;
    return prepareStream({ name, subjects: [`${prefix}.p.>`], storage }, context);
  }

  async phase(context: PhaseContext): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.run(context)));
  }

  readBack(context: PhaseContext): Promise<void> {
    return readStreams(this.streams, context);
  }
}
