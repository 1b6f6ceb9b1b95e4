/** N writers publish unique messages to one stream, a window of them in flight; the read-back reads the stream to its end. */
import { Publisher } from "./publisher.ts";
import { readStreams } from "./read-back.ts";
import { RecordedClient } from "./recorded-client.ts";
import type { PhaseContext, Workload, WorkloadOptions } from "./workload.ts";
import { WorkloadNotPrepared } from "./workload-error.ts";

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

  async prepare(context: PhaseContext): Promise<void> {
    const [stream = ""] = this.streams;
    const client = await RecordedClient.open(0, context);
    const config = { name: stream, subjects: [`${this.#options.prefix}.p.>`], storage: this.#options.storage };
    const { outcome, reply } = await client.api({ kind: "create-stream", stream }, `STREAM.CREATE.${stream}`, config);
    await client.close();
    if (outcome !== "ok") {
      throw new WorkloadNotPrepared(`stream ${stream}`, reply?.error?.description);
    }
  }

  async phase(context: PhaseContext): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.run(context)));
  }

  readBack(context: PhaseContext): Promise<void> {
    return readStreams(this.streams, context);
  }
}
