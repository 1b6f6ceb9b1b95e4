/**
 * Clients of the mixed workload that share a few keys, as those of a key-value bucket do: create, update on the revision last seen, put, delete by a
 * marker, and read. Several clients race for each key, so that compare-and-set by the last sequence of a subject has winners and losers.
 */
import type { Operation } from "../../evidence/history/events.ts";
import { digestOf } from "../../evidence/history/message-digest.ts";
import { Headers } from "../../wire/headers.ts";
import { type Outcome, RecordedClient } from "./recorded-client.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext, WorkloadOptions } from "./workload.ts";

const keys = 4;
const clients = 2;

export class MixedKeys {
  readonly stream: string;
  readonly #options: WorkloadOptions;
  readonly #firstProcess: number;
  #values = 0;

  /** The clients are processes from `firstProcess` on. */
  constructor(options: WorkloadOptions, firstProcess: number) {
    this.#options = options;
    this.#firstProcess = firstProcess;
    this.stream = `${options.prefix}_K`;
  }

  create(client: RecordedClient): Promise<Outcome> {
    const { stream } = this;
    const config = { name: stream, subjects: [`${this.#options.prefix}.k.>`], storage: this.#options.storage, allow_direct: true };
    return client.api({ kind: "create-stream", stream }, `STREAM.CREATE.${stream}`, config);
  }

  async run(context: PhaseContext): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, index) => this.#client(this.#firstProcess + index, context)));
  }

  async #client(process: number, context: PhaseContext): Promise<void> {
    const client = await RecordedClient.open(process, context);
    const random = new SeededRandom(this.#options.seed ^ (process * 0x9e3779b1) ^ this.#values);
    const revisions = new Map<string, string>();
    try {
      while (!context.isEnough() && !client.gone && !context.cut.aborted && !context.signal.aborted) {
        await this.#operation(client, random, revisions);
      }
    } finally {
      await client.close();
    }
  }

  async #operation(client: RecordedClient, random: SeededRandom, revisions: Map<string, string>): Promise<void> {
    const subject = `${this.#options.prefix}.k.${random.between(1, keys)}`;
    const draw = random.next();
    if (draw < 0.3) {
      const seen = await client.getLast({ kind: "get", stream: this.stream, subject });
      revisions.set(subject, seen ?? "0");
      return;
    }
    const expected = draw < 0.9 ? (revisions.get(subject) ?? "0") : undefined;
    const { outcome, reply } = await this.#write(client, { subject, expected, isDelete: draw > 0.8 && draw < 0.9 });
    if (outcome === "ok") {
      revisions.set(subject, String(reply?.seq));
    } else {
      revisions.delete(subject);
    }
  }

  #write(client: RecordedClient, { subject, expected, isDelete }: { subject: string; expected: string | undefined; isDelete: boolean }) {
    this.#values++;
    const headers = new Headers();
    if (expected !== undefined) {
      headers.set("Nats-Expected-Last-Subject-Sequence", expected);
    }
    if (isDelete) {
      headers.set("KV-Operation", "DEL");
    }
    // Even a marker is told from every other by its bytes.
    const payload = Buffer.from(`value ${this.#values}`);
    const op: Extract<Operation, { kind: "publish" }> = {
      kind: "publish",
      stream: this.stream,
      subject,
      digest: digestOf({ payload, headers }),
      ...(expected === undefined ? {} : { expectLastSubjectSeq: expected }),
      ...(isDelete ? { marker: "delete" as const } : {}),
    };
    return client.publish(op, { subject, payload, headers });
  }
}
