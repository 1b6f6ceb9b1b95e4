/**
 * Lets a stream be pushed to one connection, without acknowledgements. With flow control it answers what the server asks, as clients do.
 *
 * In passes it has the whole stored stream delivered again and again, each time by a fresh consumer on a subject of its own; otherwise it
 * follows the stream's end with one consumer. A pass ends with its last message, but stays subscribed until its consumer is deleted: what
 * the server sends twice is still seen.
 */
import type { Subscription } from "../../wire/connection.ts";
import type { MessageFrame } from "../../wire/parser.ts";
import { Chunks } from "./chunks.ts";
import { DeliveryCheck } from "./delivery-check.ts";
import { createPushConsumer, deleteConsumer } from "./jetstream.ts";
import { failure, type OnDelivery, type Reader, type ReaderOptions } from "./reader.ts";

export interface PusherOptions extends ReaderOptions {
  readonly ordered: boolean;
}

interface Pass {
  readonly consumer: string;
  readonly subject: string;
  delivered: number;
  subscription: Subscription | undefined;
}

const space = 32;
const statusAt = "NATS/1.0".length;

export class Pusher implements Reader {
  readonly check: DeliveryCheck;
  readonly answersRequests = false;
  readonly failed: Promise<never>;
  onDelivery: OnDelivery | undefined;

  readonly #options: PusherOptions;
  readonly #chunks: Chunks;
  readonly #inbox: string;
  readonly #fail: (error: unknown) => void;
  readonly #delivery = { intendedMs: 0, sentMs: 0, requestedMs: 0, receivedMs: 0 };
  #passes = 0;
  #stopped = false;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.check = new DeliveryCheck(options);
    [this.failed, this.#fail] = failure();
    this.#chunks = new Chunks(options.connection, { bytesMax: 4096 });
    this.#inbox = options.connection.newInbox();
  }

  /** When following, the consumer is there before the first publish; a pass would begin at once and therefore waits for `start`. */
  async prepare(): Promise<void> {
    if (this.#options.passMessages === undefined) {
      await this.#begin();
    }
  }

  start(): void {
    if (this.#options.passMessages !== undefined) {
      this.#begin().catch(this.#fail);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  unsettled(): Promise<number> {
    return Promise.resolve(0);
  }

  async #begin(): Promise<void> {
    const { connection, stream, ordered } = this.#options;
    this.#passes++;
    const name = `${this.#options.consumer}_${this.#passes}`;
    const pass: Pass = { consumer: name, subject: `${this.#inbox}.${this.#passes}`, delivered: 0, subscription: undefined };
    pass.subscription = connection.subscribe(pass.subject, { onFrame: (frame, receivedMs) => this.#onFrame(pass, frame, receivedMs) });
    await createPushConsumer(connection, { stream, name, deliverTo: pass.subject, ordered });
  }

  #onFrame(pass: Pass, frame: MessageFrame, receivedMs: number): void {
    const { bytes, headersStart } = frame;
    if (frame.headersEnd > headersStart && bytes[headersStart + statusAt] === space) {
      this.#onStatus(frame);
      return;
    }
    if (!this.check.take(frame)) {
      return;
    }
    const delivery = this.#delivery;
    if (this.#options.passMessages === undefined) {
      delivery.intendedMs = bytes.readDoubleLE(frame.payloadStart + 8);
      delivery.sentMs = bytes.readDoubleLE(frame.payloadStart + 16);
    }
    delivery.receivedMs = receivedMs;
    this.onDelivery?.(delivery);
    pass.delivered++;
    if (pass.delivered === this.#options.passMessages) {
      this.#end(pass).catch(this.#fail);
    }
  }

  /** Flow control asks for an answer to its reply subject; a heartbeat of a stalled consumer names that subject in a header. */
  #onStatus(frame: MessageFrame): void {
    const { bytes } = frame;
    const code = bytes.toString("latin1", frame.headersStart + statusAt + 1, frame.headersStart + statusAt + 4);
    if (code !== "100") {
      this.check.addError(`status-${code}`);
      return;
    }
    const asked = bytes.toString("latin1", frame.replyStart, frame.replyEnd);
    const stalled = /\r\nNats-Consumer-Stalled: *([^\r]+)/i.exec(bytes.toString("latin1", frame.headersStart, frame.headersEnd))?.[1];
    const subject = asked === "" ? stalled : asked;
    if (subject !== undefined) {
      const answer = Buffer.from(`PUB ${subject} 0\r\n\r\n`);
      const at = this.#chunks.reserve(answer.length);
      this.#chunks.chunk.bytes.set(answer, at);
    }
  }

  /** The stream was delivered to its end. Deleting first: the account of the pass is closed when nothing more of it can come. */
  async #end(pass: Pass): Promise<void> {
    const { connection, stream } = this.#options;
    await deleteConsumer(connection, stream, pass.consumer);
    pass.subscription?.unsubscribe();
    this.check.finish();
    if (!this.#stopped) {
      await this.#begin();
    }
  }
}
