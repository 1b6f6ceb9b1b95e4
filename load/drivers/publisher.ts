/**
 * Publishes with acknowledgement over one connection, a bounded number in flight. Every slot of the window has its own frame, encoded once;
 * per message only the stamp in the payload changes. No object is made per message, so that the server and not this driver is measured.
 *
 * Stamp, little endian: 0 u32 run, 4 u32 sequence, 8 f64 intended time, 16 f64 time of sending (ms, `performance.now()`).
 */
import type { Connection } from "../../wire/connection.ts";
import type { MessageFrame } from "../../wire/parser.ts";
import { randomOf } from "../design/random.ts";
import type { SequenceCheck } from "../engine/accounting.ts";
import { Chunks } from "./chunks.ts";
import { type PubAck, readPubAck } from "./pub-ack.ts";

export const stampBytes = 24;

const slotDigits = 6;
/** Far above what a block can publish on a fresh stream; a server that answers with more is not believed. */
const sequenceMax = 100_000_000;

export interface PublisherOptions {
  readonly connection: Connection;
  readonly subject: string;
  readonly payloadBytes: number;
  /** Most in flight. */
  readonly window: number;
  readonly seed: number;
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
  readonly #template: Buffer;
  readonly #slotAt: number;
  readonly #stampAt: number;
  readonly #freeSlots: Int32Array;
  #freeCount: number;
  readonly #intendedMs: Float64Array;
  readonly #sentMs: Float64Array;
  readonly #busy: Uint8Array;
  /** Slots whose frames lie in the chunk not yet sent. */
  readonly #unsent: Int32Array;
  #unsentCount = 0;
  readonly #ack: PubAck = { sequence: 0, duplicate: false, error: undefined };
  readonly #answer = { intendedMs: 0, sentMs: 0, receivedMs: 0, error: undefined as string | undefined };

  constructor(options: PublisherOptions) {
    const { connection, window } = options;
    this.#options = options;
    const inbox = connection.newInbox();
    const encoded = encodeTemplate(options, inbox);
    this.#template = encoded.bytes;
    this.#slotAt = encoded.slotAt;
    this.#stampAt = encoded.stampAt;
    this.#chunks = new Chunks(connection, encoded.bytes.length);
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
    const size = this.#template.length;
    const at = this.#chunks.reserve(size);
    const { chunk } = this.#chunks;
    chunk.set(this.#template, at);
    writeDigits(chunk, at + this.#slotAt, slot);
    const stamp = at + this.#stampAt;
    chunk.writeUInt32LE(this.#options.run, stamp);
    chunk.writeUInt32LE(this.published, stamp + 4);
    chunk.writeDoubleLE(intendedMs, stamp + 8);
    chunk.writeDoubleLE(performance.now(), stamp + 16);
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
    readPubAck(frame, ack);
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

  #acknowledge(ack: PubAck): void {
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

function encodeTemplate(options: PublisherOptions, inbox: string): { bytes: Buffer; slotAt: number; stampAt: number } {
  const { subject, payloadBytes, seed } = options;
  const random = randomOf(seed);
  const head = `PUB ${subject} ${inbox}.`;
  const line = `${head}${"0".repeat(slotDigits)} ${payloadBytes}\r\n`;
  const payload = Buffer.from(Array.from({ length: payloadBytes }, () => random.below(256)));
  return { bytes: Buffer.concat([Buffer.from(line), payload, Buffer.from("\r\n")]), slotAt: head.length, stampAt: line.length };
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at + slotDigits - 1; place >= at; place--) {
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
