/**
 * Publishes with acknowledgement over one connection, a bounded number in flight. All frames have one size and lie ready in the chunks; per
 * message only the slot in the reply subject, the stamp in the payload and, where asked for, the digits of the message id are written. No
 * object is made per message, so that the server and not this driver is measured.
 *
 * Stamp, little endian: 0 u32 run, 4 u32 sequence, 8 f64 intended time, 16 f64 time of sending (ms, `performance.now()`).
 */
import type { Connection } from "../../wire/connection.ts";
import type { MessageFrame } from "../../wire/parser.ts";
import { randomOf } from "../design/random.ts";
import type { SequenceCheck } from "../engine/accounting.ts";
import { Chunks } from "./chunks.ts";
import { PubAckReader } from "./pub-ack.ts";

export const stampBytes = 24;

const slotDigits = 6;
const idDigits = 9;
const subjectDigits = 7;
/** Far above what a block can publish on a fresh stream; a server that answers with more is not believed. */
const sequenceMax = 100_000_000;

export interface PublisherOptions {
  readonly connection: Connection;
  readonly subject: string;
  /** Messages go round over so many subjects, each `subject` with a token of seven digits behind it. Without it, all go to `subject`. */
  readonly subjects?: number | undefined;
  readonly payloadBytes: number;
  /** Most in flight. */
  readonly window: number;
  readonly seed: number;
  /** Each message carries a `Nats-Msg-Id` of its own. */
  readonly messageIds: boolean;
  /** Distinguishes this publisher's messages from those of other runs. */
  readonly run: number;
  /** Shared by all publishers of one stream: no sequence is given out twice. */
  readonly acknowledged: SequenceCheck;
}

/** Told about each answer. `error` is undefined for an acknowledgement. */
export type OnAnswer = (answer: { intendedMs: number; sentMs: number; receivedMs: number; error: string | undefined }) => void;

export class Publisher {
  published = 0;
  acknowledged = 0;
  duplicated = 0;
  /** Called for each answer; one object, re-used. */
  onAnswer: OnAnswer | undefined;

  readonly #options: PublisherOptions;
  readonly #chunks: Chunks;
  readonly #template: Template;
  readonly #freeSlots: Int32Array;
  #freeCount: number;
  readonly #intendedMs: Float64Array;
  readonly #sentMs: Float64Array;
  readonly #busy: Uint8Array;
  /** Slots whose frames lie in the chunk not yet sent. */
  readonly #unsent: Int32Array;
  #unsentCount = 0;
  readonly #ack = new PubAckReader();
  /** When the write under way was begun. */
  #stampMs = 0;
  readonly #answer = { intendedMs: 0, sentMs: 0, receivedMs: 0, error: undefined as string | undefined };

  constructor(options: PublisherOptions) {
    const { connection, window } = options;
    this.#options = options;
    const inbox = connection.newInbox();
    this.#template = makeTemplate(options, inbox);
    this.#chunks = new Chunks(connection, { template: this.#template.bytes });
    this.#chunks.onSend = () => this.#onSend();
    this.#freeSlots = Int32Array.from({ length: window }, (_, index) => window - 1 - index);
    this.#freeCount = window;
    this.#intendedMs = new Float64Array(window);
    this.#sentMs = new Float64Array(window);
    this.#busy = new Uint8Array(window);
    this.#unsent = new Int32Array(window);
    connection.subscribe(`${inbox}.*`, { onFrame: (frame, receivedMs) => this.#onFrame(frame, receivedMs) });
  }

  get inFlight(): number {
    return this.#options.window - this.#freeCount;
  }

  get hasRoom(): boolean {
    return this.#freeCount > 0;
  }

  /** Adds one message to the next write. The caller has looked at `hasRoom`. */
  publish(intendedMs: number): void {
    this.#freeCount--;
    const slot = this.#freeSlots[this.#freeCount]!;
    this.#intendedMs[slot] = intendedMs;
    this.#busy[slot] = 1;
    const { bytes: frame, subjectAt, slotAt, stampAt, idAt } = this.#template;
    const at = this.#chunks.reserve(frame.length);
    const { bytes, view } = this.#chunks.chunk;
    if (this.#unsentCount === 0) {
      this.#stampMs = performance.now();
    }
    writeDigits(bytes, at + slotAt, { value: slot, digits: slotDigits });
    if (subjectAt > 0) {
      writeDigits(bytes, at + subjectAt, { value: this.published % (this.#options.subjects ?? 1), digits: subjectDigits });
    }
    if (idAt > 0) {
      writeDigits(bytes, at + idAt, { value: this.published, digits: idDigits });
    }
    view.setUint32(at + stampAt + 4, this.published, true);
    view.setFloat64(at + stampAt + 8, intendedMs, true);
    view.setFloat64(at + stampAt + 16, this.#stampMs, true);
    this.#unsent[this.#unsentCount] = slot;
    this.#unsentCount++;
    this.published++;
  }

  /** Sends what was added, without waiting for the end of the turn. */
  send(): void {
    this.#chunks.send();
  }

  #onSend(): void {
    const now = performance.now();
    for (let index = 0; index < this.#unsentCount; index++) {
      this.#sentMs[this.#unsent[index]!] = now;
    }
    this.#unsentCount = 0;
  }

  #onFrame(frame: MessageFrame, receivedMs: number): void {
    const slot = readDigits(frame.bytes, frame.subjectEnd - slotDigits);
    if (this.#busy[slot] !== 1) {
      // A second answer to one publish.
      this.duplicated++;
      return;
    }
    this.#busy[slot] = 0;
    const ack = this.#ack;
    ack.read(frame);
    if (ack.error === undefined) {
      this.#acknowledge(ack);
    }
    const answer = this.#answer;
    answer.intendedMs = this.#intendedMs[slot]!;
    answer.sentMs = this.#sentMs[slot]!;
    answer.receivedMs = receivedMs;
    answer.error = ack.error;
    this.#freeSlots[this.#freeCount] = slot;
    this.#freeCount++;
    this.onAnswer?.(answer);
  }

  #acknowledge(ack: PubAckReader): void {
    if (ack.sequence > sequenceMax) {
      ack.error = "unreadable";
      return;
    }
    this.acknowledged++;
    this.#options.acknowledged.see(ack.sequence - 1);
    if (ack.duplicate) {
      this.duplicated++;
    }
  }
}

interface Template {
  readonly bytes: Buffer;
  /** 0 with one subject. */
  readonly subjectAt: number;
  readonly slotAt: number;
  readonly stampAt: number;
  /** 0 without message ids. */
  readonly idAt: number;
}

function makeTemplate(options: PublisherOptions, inbox: string): Template {
  const { subject, subjects, payloadBytes, seed, run, messageIds } = options;
  const random = randomOf(seed);
  const payload = Buffer.from(Array.from({ length: payloadBytes }, () => random.below(256)));
  payload.writeUInt32LE(run, 0);
  const idHead = `NATS/1.0\r\nNats-Msg-Id: ${run}-`;
  const headers = messageIds ? `${idHead}${"0".repeat(idDigits)}\r\n\r\n` : "";
  const verb = messageIds ? "HPUB" : "PUB";
  const wholeSubject = subjects === undefined ? subject : `${subject}.${"0".repeat(subjectDigits)}`;
  const head = `${verb} ${wholeSubject} ${inbox}.`;
  const sizes = messageIds ? `${headers.length} ${headers.length + payloadBytes}` : `${payloadBytes}`;
  const line = `${head}${"0".repeat(slotDigits)} ${sizes}\r\n`;
  return {
    bytes: Buffer.concat([Buffer.from(line + headers), payload, Buffer.from("\r\n")]),
    subjectAt: subjects === undefined ? 0 : verb.length + 1 + subject.length + 1,
    slotAt: head.length,
    stampAt: line.length + headers.length,
    idAt: messageIds ? line.length + idHead.length : 0,
  };
}

function writeDigits(bytes: Buffer, at: number, { value, digits }: { value: number; digits: number }): void {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const next = Math.floor(rest / 10);
    bytes[place] = 48 + rest - next * 10;
    rest = next;
  }
}

function readDigits(bytes: Buffer, at: number): number {
  let value = 0;
  for (let place = at; place < at + slotDigits; place++) {
    value = value * 10 + bytes[place]! - 48;
  }
  return value;
}
