/**
 * Stores a message that has passed all checks: appends it (or consumes a sequence when nobody is interested), keeps its id for the
 * duplicate window, lets the limits hold again and does the rollup it asks for.
 */
import type { InboundMessage } from "../broker/service.ts";
import type { MessageInput } from "../store/stream-store.ts";
import { headerIn } from "./message-headers.ts";
import type { MessageIds } from "./message-ids.ts";
import { emptyView } from "./message-lookup.ts";
import type { HeaderRange, PublishHeaders } from "./publish-headers.ts";
import type { Stream } from "./stream.ts";

/** A message in a buffer, wherever it came from. */
export type MessageParts = Pick<InboundMessage, "subject" | "buffer" | "headersStart" | "payloadStart" | "payloadEnd">;

const NO_BYTES = new Uint8Array(0);

export class MessageWriter {
  readonly #stream: Stream;
  readonly #ids: MessageIds;
  /** Reused for every message; its views are replaced each time. */
  readonly #input: { -readonly [K in keyof MessageInput]: MessageInput[K] } = {
    subject: { text: "", bytes: NO_BYTES },
    headers: NO_BYTES,
    payload: NO_BYTES,
    timeNs: 0n,
    messageId: undefined,
  };
  /** Of the last stored message: its first bytes are the id; a length of -1 = not read yet. */
  #lastId = new Uint8Array(64);
  #lastIdLength = -1;
  /** Whether the last message was kept. */
  #isKept = false;

  constructor(stream: Stream, ids: MessageIds) {
    this.#stream = stream;
    this.#ids = ids;
  }

  /** `headers` have been scanned for this message and hold something, or are undefined. Returns the sequence. */
  write(message: MessageParts, headers: PublishHeaders | undefined, nowNs: bigint): number {
    const stream = this.#stream;
    const id = headers?.messageId;
    this.#isKept = stream.retention !== "interest" || stream.hasInterest(message.subject);
    const sequence = this.#isKept ? this.#append(message, id, nowNs) : stream.messages.skip(nowNs);
    this.#lastIdLength = 0;
    if (id !== undefined) {
      this.#keepLastId(message.buffer, id.start, id.end);
      this.#ids.add(message.buffer, id.start, id.end, sequence, Number(nowNs));
    }
    if (this.#isKept) {
      stream.enforceLimits(message.subject);
    }
    if (headers !== undefined && !headers.isMessageIdOnly && headers.has("rollup")) {
      this.#rollup(message, headers.text("rollup"));
    }
    return sequence;
  }

  /** Tells the consumers about the message just written. */
  announce(sequence: number, message: MessageParts): void {
    if (this.#isKept) {
      this.#stream.announce(sequence, message.subject);
    }
  }

  /** The id of the newest message, empty when it had none. */
  lastMessageId(): string {
    if (this.#lastIdLength < 0) {
      this.restoreLastMessageId(this.#readLastMessageId());
    }
    return Buffer.from(this.#lastId.buffer, 0, this.#lastIdLength).toString("utf8");
  }

  /** After a restart, before the first removal: a purge takes the message, not what is known of it. */
  restoreLastMessageId(id: string): void {
    const bytes = Buffer.from(id);
    this.#keepLastId(bytes, 0, bytes.length);
  }

  #keepLastId(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#lastId.length) {
      this.#lastId = new Uint8Array(length * 2);
    }
    for (let at = 0; at < length; at += 1) {
      this.#lastId[at] = bytes[start + at] ?? 0;
    }
    this.#lastIdLength = length;
  }

  #append(message: MessageParts, id: HeaderRange | undefined, nowNs: bigint): number {
    const input = this.#input;
    const { buffer, headersStart, payloadStart, payloadEnd } = message;
    input.subject = message.subject;
    input.headers = payloadStart > headersStart ? buffer.subarray(headersStart, payloadStart) : NO_BYTES;
    input.payload = payloadEnd > payloadStart ? buffer.subarray(payloadStart, payloadEnd) : NO_BYTES;
    input.timeNs = nowNs;
    input.messageId = id === undefined ? undefined : buffer.subarray(id.start, id.end);
    return this.#stream.messages.append(input);
  }

  #rollup(message: MessageParts, value: string): void {
    const isSubject = value.toLowerCase() === "sub";
    this.#stream.purge({ ...(isSubject ? { filter: message.subject.text } : {}), ...(this.#isKept ? { keep: 1 } : {}) });
  }

  #readLastMessageId(): string {
    const { messages } = this.#stream;
    const view = emptyView();
    const { lastSequence } = messages.state;
    return lastSequence > 0 && messages.read(lastSequence, view)
      ? headerIn(view.buffer.subarray(view.headersStart, view.payloadStart), "Nats-Msg-Id")
      : "";
  }
}

/** What the store will account for the message: memory subject+headers+payload+16; file subject+payload+30, with headers 4 and headers more. */
export function accountedBytes(message: MessageParts, storage: "file" | "memory"): number {
  const headerBytes = message.payloadStart - message.headersStart;
  const bytes = message.subject.bytes.length + (message.payloadEnd - message.headersStart);
  if (storage === "memory") {
    return bytes + 16;
  }
  return bytes + (headerBytes > 0 ? 34 : 30);
}
