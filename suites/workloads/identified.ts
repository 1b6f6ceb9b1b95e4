/**
 * Publishes with message ids, each sent three times: twice in the first life of the server, in any order of arrival, and once more in the next. Of the
 * acknowledged messages some are deleted in between: an id is remembered for its window, whether or not its message is still there.
 */
import { digestOf } from "../../evidence/history/message-digest.ts";
import { Headers } from "../../wire/headers.ts";
import { sendInWindow } from "./in-window.ts";
import { prepareStream } from "./prepared-stream.ts";
import { readStreams } from "./read-back.ts";
import type { RecordedClient } from "./recorded-client.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { PhaseContext, Workload, WorkloadOptions } from "./workload.ts";

const deletedShare = 0.1;

export class Identified implements Workload {
  readonly streams: readonly string[];
  readonly #options: WorkloadOptions;
  readonly #writers: readonly Writer[];
  #phases = 0;

  constructor(options: WorkloadOptions) {
    const stream = `${options.prefix}_I`;
    this.streams = [stream];
    this.#options = options;
    this.#writers = Array.from({ length: options.writers }, (_, index) => new Writer(index + 1, stream, options));
  }

  prepare(context: PhaseContext): Promise<void> {
    const [name = ""] = this.streams;
    const { prefix, storage } = this.#options;
    return prepareStream({ name, subjects: [`${prefix}.i.>`], storage }, context);
  }

  /** The first phase goes on until it is enough; a later one sends every id once more and is over. */
  async phase(context: PhaseContext): Promise<void> {
    this.#phases++;
    const again = this.#phases > 1;
    await Promise.all(this.#writers.map((writer) => (again ? writer.sendAgain(context) : writer.send(context))));
  }

  readBack(context: PhaseContext): Promise<void> {
    return readStreams(this.streams, context);
  }
}

class Writer {
  readonly #process: number;
  readonly #stream: string;
  readonly #options: WorkloadOptions;
  readonly #random: SeededRandom;
  readonly #ids: string[] = [];
  /** Sent once so far in this life. */
  #once: string[] = [];

  constructor(process: number, stream: string, options: WorkloadOptions) {
    this.#process = process;
    this.#stream = stream;
    this.#options = options;
    this.#random = new SeededRandom(options.seed + process);
  }

  send(context: PhaseContext): Promise<void> {
    return this.#inWindow(context, () => this.#next());
  }

  sendAgain(context: PhaseContext): Promise<void> {
    const left = this.#ids.toReversed();
    return this.#inWindow(context, () => left.pop());
  }

  /** A new id, or one that was sent a moment ago. */
  #next(): string {
    if (this.#once.length > 0 && this.#random.next() < 0.5) {
      const [again = ""] = this.#once.splice(this.#random.between(0, this.#once.length - 1), 1);
      return again;
    }
    const id = `${this.#process}-${this.#ids.length + 1}`;
    this.#ids.push(id);
    this.#once.push(id);
    return id;
  }

  #inWindow(context: PhaseContext, nextId: () => string | undefined): Promise<void> {
    const next = (client: RecordedClient): Promise<void> | undefined => {
      const id = nextId();
      return id === undefined ? undefined : this.#publish(client, id);
    };
    return sendInWindow({ process: this.#process, window: this.#options.window, next }, context);
  }

  async #publish(client: RecordedClient, msgId: string): Promise<void> {
    const stream = this.#stream;
    const subject = `${this.#options.prefix}.i.w${this.#process}`;
    const payload = Buffer.from(`${msgId} `.padEnd(this.#options.size, "."));
    const headers = new Headers();
    headers.set("Nats-Msg-Id", msgId);
    const digest = digestOf({ payload, headers });
    const { outcome, reply } = await client.publish({ kind: "publish", stream, subject, digest, msgId }, { subject, payload, headers });
    if (outcome === "ok" && reply?.duplicate !== true && this.#random.next() < deletedShare) {
      const seq = String(reply?.seq);
      await client.api({ kind: "delete-message", stream, seq }, `STREAM.MSG.DELETE.${stream}`, { seq: Number(seq) });
    }
  }
}
