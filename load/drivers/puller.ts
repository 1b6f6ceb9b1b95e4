/**
 * Pulls a stream over one connection in batches, a bounded number of pull requests outstanding, with or without acknowledging; makes no
 * object per message.
 *
 * In passes it reads the whole stored stream again and again, each time with a fresh consumer made ready beforehand; otherwise it follows
 * the stream's end with one consumer.
 */
import type { MessageFrame } from "../../wire/parser.ts";
import { Chunks } from "./chunks.ts";
import { DeliveryCheck } from "./delivery-check.ts";
import { ackPending, createPullConsumer } from "./jetstream.ts";
import { failure, type OnDelivery, type Reader, type ReaderOptions } from "./reader.ts";

export interface PullerOptions extends ReaderOptions {
  readonly ack: "none" | "explicit";
  readonly batch: number;
  /** Pull requests outstanding. */
  readonly requests: number;
}

/** Long enough that an idle consumer is not asked all the time, short enough that a block's end need not wait for it. */
const expiresMs = 2000;

export class Puller implements Reader {
  readonly check: DeliveryCheck;
  readonly answersRequests = true;
  onDelivery: OnDelivery | undefined;

  readonly #options: PullerOptions;
  readonly #chunks: Chunks;
  readonly #inbox: string;
  readonly #delivery = { intendedMs: 0, sentMs: 0, requestedMs: 0, receivedMs: 0 };
  /** Of the outstanding requests, oldest first: messages still to come and when it was sent. */
  #outstanding: { left: number; requestedMs: number }[] = [];
  #requestFrame = Buffer.alloc(0);
  #inboxInUse = "";
  #consumerInUse = "";
  #pass = 0;
  #passDelivered = 0;
  #spare: Promise<string> | undefined;
  #stopped = false;
  readonly failed: Promise<never>;
  readonly #fail: (error: unknown) => void;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.check = new DeliveryCheck(options);
    [this.failed, this.#fail] = failure();
    this.#chunks = new Chunks(options.connection, { bytesMax: 4096 });
    this.#inbox = options.connection.newInbox();
    options.connection.subscribe(`${this.#inbox}.*`, { onFrame: (frame, receivedMs) => this.#onFrame(frame, receivedMs) });
  }

  /** Makes the first consumer ready; nothing is asked for yet. */
  async prepare(): Promise<void> {
    this.#use(await this.#makeConsumer());
    // Made ahead of need, so that a change of consumer costs the measurement nothing.
    if (this.#options.passMessages !== undefined) {
      this.#spare = this.#makeConsumer();
      this.#spare.catch(() => undefined);
    }
  }

  start(): void {
    while (this.#outstanding.length < this.#options.requests) {
      this.#ask();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  unsettled(): Promise<number> {
    const { connection, stream, ack } = this.#options;
    return ack === "none" ? Promise.resolve(0) : ackPending(connection, stream, this.#consumerInUse);
  }

  #ask(): void {
    const at = this.#chunks.reserve(this.#requestFrame.length);
    this.#chunks.chunk.bytes.set(this.#requestFrame, at);
    this.#outstanding.push({ left: this.#options.batch, requestedMs: performance.now() });
  }

  /** Each consumer answers to a subject of its own, so that a status for a request of a finished pass is told apart. */
  #use(consumer: string): void {
    this.#consumerInUse = consumer;
    this.#inboxInUse = `${this.#inbox}.${consumer.slice(consumer.lastIndexOf("_") + 1)}`;
    const body = JSON.stringify({ batch: this.#options.batch, expires: expiresMs * 1e6 });
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${consumer}`;
    this.#requestFrame = Buffer.from(`PUB ${subject} ${this.#inboxInUse} ${body.length}\r\n${body}\r\n`);
  }

  async #makeConsumer(): Promise<string> {
    const { connection, stream, ack, batch, requests } = this.#options;
    this.#pass++;
    const name = `${this.#options.consumer}_${this.#pass}`;
    await createPullConsumer(connection, { stream, name, ack, maxAckPending: Math.max(1000, 2 * batch * requests) });
    return name;
  }

  #onFrame(frame: MessageFrame, receivedMs: number): void {
    if (frame.replyEnd === frame.replyStart) {
      this.#onStatus(frame);
      return;
    }
    if (!this.check.take(frame)) {
      return;
    }
    if (this.#options.ack === "explicit") {
      this.#acknowledge(frame);
    }
    const request = this.#outstanding[0];
    this.#report(frame, receivedMs, request?.requestedMs ?? receivedMs);
    this.#advance(request);
  }

  #report(frame: MessageFrame, receivedMs: number, requestedMs: number): void {
    const delivery = this.#delivery;
    if (this.#options.passMessages === undefined) {
      // In passes the messages are from before the measurement: nobody asks when they were published.
      delivery.intendedMs = frame.bytes.readDoubleLE(frame.payloadStart + 8);
      delivery.sentMs = frame.bytes.readDoubleLE(frame.payloadStart + 16);
    }
    delivery.requestedMs = requestedMs;
    delivery.receivedMs = receivedMs;
    this.onDelivery?.(delivery);
  }

  #advance(request: { left: number } | undefined): void {
    this.#passDelivered++;
    if (this.#passDelivered === this.#options.passMessages) {
      this.#endPass();
      return;
    }
    if (request === undefined) {
      this.check.addError("more-than-asked");
      return;
    }
    request.left--;
    if (request.left === 0) {
      this.#outstanding.shift();
      this.#continue();
    }
  }

  #continue(): void {
    if (!this.#stopped) {
      this.start();
    }
  }

  /** The stream was read to its end: go on with the consumer made ready meanwhile. */
  #endPass(): void {
    this.check.finish();
    this.#passDelivered = 0;
    this.#outstanding = [];
    if (this.#stopped || this.#spare === undefined) {
      return;
    }
    const next = this.#spare;
    this.#spare = this.#makeConsumer();
    this.#spare.catch(() => undefined);
    void this.#continueWith(next);
  }

  async #continueWith(next: Promise<string>): Promise<void> {
    try {
      this.#use(await next);
      this.#continue();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The payload of an acknowledgement is empty: the shortest of the accepted forms. */
  #acknowledge(frame: MessageFrame): void {
    const replyLength = frame.replyEnd - frame.replyStart;
    const size = 4 + replyLength + 6;
    const at = this.#chunks.reserve(size);
    const { bytes } = this.#chunks.chunk;
    bytes.set(pub, at);
    frame.bytes.copy(bytes, at + 4, frame.replyStart, frame.replyEnd);
    bytes.set(noPayload, at + 4 + replyLength);
  }

  /** 408 and 404 end a pull request with nothing more to give; 409 may, and 100 is a sign of life. */
  #onStatus(frame: MessageFrame): void {
    if (frame.bytes.toString("latin1", frame.subjectStart, frame.subjectEnd) !== this.#inboxInUse) {
      return;
    }
    const code = frame.bytes.toString("latin1", frame.headersStart + 9, frame.headersStart + 12);
    if (code === "100") {
      return;
    }
    if (code !== "408" && code !== "404") {
      this.check.addError(`status-${code}`);
    }
    this.#outstanding.shift();
    this.#continue();
  }
}

const pub = Buffer.from("PUB ");
const noPayload = Buffer.from(" 0\r\n\r\n");
