/**
 * The publish path: from a message on one of the stream's subjects to its PubAck. The checks come in the order of the official single
 * server, because a message with two faults must get the same answer. The common message (no headers, no refusal) allocates the two views
 * the store asks for and nothing else.
 */
import type { InboundMessage } from "../broker/service.ts";
import { type ApiError, apiErrors, because, filled } from "./errors.ts";
import { headerIn } from "./message-headers.ts";
import type { MessageIds } from "./message-ids.ts";
import { PublishAcks } from "./publish-ack.ts";
import { checkHeaders, ttlProblem } from "./publish-checks.ts";
import { PublishHeaders } from "./publish-headers.ts";
import type { Stream } from "./stream.ts";

/** A bigger record is refused in file streams. */
const FILE_RECORD_BYTES_MAX = 32 * 1024 * 1024;
const HEADER_BYTES_MAX = 65_535;
const NO_BYTES = new Uint8Array(0);
const FAST_BATCH_SUFFIX = Buffer.from(".$FI");

/** The server's storage, as far as publishing asks about it. */
export interface StorageBudget {
  /** Is more stored than the server may hold? */
  isExhausted(storage: "file" | "memory"): boolean;
}

export class Publisher {
  readonly #stream: Stream;
  readonly #ids: MessageIds;
  readonly #budget: StorageBudget;
  readonly #acks: PublishAcks;
  readonly #headers = new PublishHeaders();
  /** Reused for every message; its views are replaced each time. */
  readonly #input = {
    subject: { text: "", bytes: NO_BYTES },
    headers: NO_BYTES,
    payload: NO_BYTES,
    timeNs: 0n,
    messageId: undefined,
  } as { -readonly [K in keyof MessageInputFields]: MessageInputFields[K] };
  /** Of the last stored message; undefined = not read yet. */
  #lastMessageId: string | undefined;

  constructor(parts: { stream: Stream; ids: MessageIds; budget: StorageBudget }) {
    this.#stream = parts.stream;
    this.#ids = parts.ids;
    this.#budget = parts.budget;
    this.#acks = new PublishAcks(parts.stream.name, parts.stream.context.domain);
  }

  /** Stores the message or refuses it; answers either way when an answer is wanted. */
  receive(message: InboundMessage): void {
    const nowNs = this.#stream.context.clock.nowNs();
    const hasHeaders =
      message.payloadStart > message.headersStart && this.#headers.scan(message.buffer, message.headersStart, message.payloadStart);
    const refusal = this.#sizeProblem(message) ?? (hasHeaders ? this.#headerProblem(message, nowNs) : undefined);
    if (refusal !== undefined) {
      this.#answerProblem(message, refusal);
      return;
    }
    this.#store(message, { hasHeaders, nowNs });
  }

  /** The id of the newest stored message, empty when it had none. */
  lastMessageId(): string {
    this.#lastMessageId ??= this.#readLastMessageId();
    return this.#lastMessageId;
  }

  #store(message: InboundMessage, { hasHeaders, nowNs }: { hasHeaders: boolean; nowNs: bigint }): void {
    const stream = this.#stream;
    const problem = this.#storageProblem(message, hasHeaders);
    if (problem !== undefined) {
      this.#answerProblem(message, problem);
      return;
    }
    const messageId = hasHeaders ? this.#headers.text("messageId") : "";
    const isWanted = stream.retention !== "interest" || stream.hasInterest(message.subject);
    const sequence = isWanted ? this.#append(message, messageId, nowNs) : stream.messages.skip(nowNs);
    this.#lastMessageId = messageId;
    if (messageId !== "") {
      const { start, end } = this.#headers.range("messageId");
      this.#ids.addFound(message.buffer, start, end, sequence, Number(nowNs));
    }
    if (isWanted) {
      stream.enforceLimits(message.subject);
    }
    if (hasHeaders && this.#headers.has("rollup")) {
      this.#rollup(message, isWanted ? 1 : 0);
    }
    this.#answer(message, this.#acks, sequence);
    if (isWanted) {
      stream.announce(sequence, message.subject);
    }
  }

  #append(message: InboundMessage, messageId: string, nowNs: bigint): number {
    const input = this.#input;
    const { buffer, headersStart, payloadStart, payloadEnd } = message;
    input.subject = message.subject;
    input.headers = payloadStart > headersStart ? buffer.subarray(headersStart, payloadStart) : NO_BYTES;
    input.payload = payloadEnd > payloadStart ? buffer.subarray(payloadStart, payloadEnd) : NO_BYTES;
    input.timeNs = nowNs;
    input.messageId = messageId === "" ? undefined : messageId;
    return this.#stream.messages.append(input);
  }

  #sizeProblem(message: InboundMessage): ApiError | undefined {
    const headerBytes = message.payloadStart - message.headersStart;
    const bytes = message.payloadEnd - message.headersStart;
    const { config, limits } = this.#stream;
    if (config.storage === "file" && accountedBytes(message, "file") > FILE_RECORD_BYTES_MAX) {
      return because(apiErrors.streamStoreFailed, "message too large");
    }
    if (config.sealed) {
      return apiErrors.streamSealed;
    }
    if (this.#isFastBatch(message)) {
      return apiErrors.batchPublishDisabled;
    }
    if (bytes > limits.messageBytesMax) {
      return apiErrors.streamMessageExceedsMaximum;
    }
    return headerBytes > HEADER_BYTES_MAX ? apiErrors.streamHeaderExceedsMaximum : undefined;
  }

  #headerProblem(message: InboundMessage, nowNs: bigint): ApiError | number | undefined {
    const problem = checkHeaders(this.#headers, { stream: this.#stream, subject: message.subject.text });
    if (problem !== undefined) {
      return problem;
    }
    // dedup.duplicate-returns-first-seq
    if (this.#headers.has("messageId")) {
      const { start, end } = this.#headers.range("messageId");
      const known = this.#ids.find(message.buffer, start, end, Number(nowNs));
      if (known !== 0) {
        return known;
      }
    }
    const expectedId = this.#headers.text("expectedLastMessageId");
    if (expectedId !== "" && expectedId !== this.lastMessageId()) {
      return filled(apiErrors.streamWrongLastMsgID, { id: this.lastMessageId() });
    }
    return this.#rollupProblem();
  }

  #rollupProblem(): ApiError | undefined {
    const rollup = this.#headers.text("rollup").toLowerCase();
    if (rollup === "") {
      return undefined;
    }
    const { allow_rollup_hdrs, deny_purge } = this.#stream.config;
    if (!allow_rollup_hdrs || deny_purge) {
      return because(apiErrors.streamRollupFailed, "rollup not permitted");
    }
    return rollup === "sub" || rollup === "all"
      ? undefined
      : because(apiErrors.streamRollupFailed, `rollup value invalid: ${JSON.stringify(rollup)}`);
  }

  /** What stands against storing it: the server's storage, the syntax of a TTL, and the limits of a stream that discards new messages. */
  #storageProblem(message: InboundMessage, hasHeaders: boolean): ApiError | undefined {
    const { config, limits } = this.#stream;
    if (this.#budget.isExhausted(config.storage)) {
      return apiErrors.insufficientResources;
    }
    if (config.retention === "interest" && !this.#stream.hasInterest(message.subject)) {
      return undefined;
    }
    const ttl = hasHeaders ? ttlProblem(this.#headers) : undefined;
    return ttl ?? (limits.discardNew ? this.#discardProblem(message, hasHeaders) : undefined);
  }

  #discardProblem(message: InboundMessage, hasHeaders: boolean): ApiError | undefined {
    const { limits, messages, config } = this.#stream;
    const replaced = this.#replacedBy(message);
    if (replaced !== 0 && limits.discardNewPerSubject && !(hasHeaders && this.#headers.isPresent("rollup"))) {
      return because(apiErrors.streamStoreFailed, "maximum messages per subject exceeded");
    }
    if (messages.state.messages >= limits.messagesMax && replaced === 0) {
      return because(apiErrors.streamStoreFailed, "maximum messages exceeded");
    }
    const bytes = accountedBytes(message, config.storage);
    if (messages.state.bytes + bytes > limits.bytesMax && messages.sizeOf(replaced) < bytes) {
      return because(apiErrors.streamStoreFailed, "maximum bytes exceeded");
    }
    return undefined;
  }

  /** The message that goes when this one is stored because its subject is at its own limit, 0 for none. */
  #replacedBy(message: InboundMessage): number {
    const { limits, messages } = this.#stream;
    if (limits.perSubjectMax === Number.POSITIVE_INFINITY) {
      return 0;
    }
    const state = messages.subjectState(message.subject.text);
    return state !== undefined && state.messages >= limits.perSubjectMax ? state.firstSequence : 0;
  }

  #rollup(message: InboundMessage, keep: number): void {
    const isSubject = this.#headers.text("rollup").toLowerCase() === "sub";
    this.#stream.purge({ ...(isSubject ? { filter: message.subject.text } : {}), ...(keep === 0 ? {} : { keep }) });
  }

  #isFastBatch({ buffer, replyStart, replyEnd }: InboundMessage): boolean {
    const start = replyEnd - FAST_BATCH_SUFFIX.length;
    if (start <= replyStart) {
      return false;
    }
    for (let index = 0; index < FAST_BATCH_SUFFIX.length; index += 1) {
      if (buffer[start + index] !== FAST_BATCH_SUFFIX[index]) {
        return false;
      }
    }
    return true;
  }

  #answer(message: InboundMessage, acks: PublishAcks, sequence: number): void {
    if (message.replyEnd > message.replyStart && !this.#stream.config.no_ack) {
      const { account, store } = this.#stream.context;
      account.respond(message, acks.stored(sequence), store.epoch);
    }
  }

  /** `problem` is an error, or the sequence that a duplicate already has. */
  #answerProblem(message: InboundMessage, problem: ApiError | number): void {
    if (message.replyEnd <= message.replyStart || this.#stream.config.no_ack) {
      return;
    }
    const { account, store } = this.#stream.context;
    const payload = typeof problem === "number" ? this.#acks.duplicate(problem) : this.#acks.refused(problem);
    // A duplicate shows the first publish, a refusal shows the state it is based on: neither may overtake it.
    account.respond(message, payload, store.epoch);
  }

  #readLastMessageId(): string {
    const { messages } = this.#stream;
    const view = {
      sequence: 0,
      timeNs: 0n,
      subject: this.#input.subject,
      buffer: NO_BYTES,
      headersStart: 0,
      payloadStart: 0,
      payloadEnd: 0,
    };
    const { lastSequence } = messages.state;
    return lastSequence > 0 && messages.read(lastSequence, view)
      ? headerIn(view.buffer.subarray(view.headersStart, view.payloadStart), "Nats-Msg-Id")
      : "";
  }
}

type MessageInputFields = Parameters<Stream["messages"]["append"]>[0];

/** What the store will account for the message (jetstream: memory subject+headers+payload+16; file subject+payload+30, +4 with headers). */
export function accountedBytes(message: InboundMessage, storage: "file" | "memory"): number {
  const headerBytes = message.payloadStart - message.headersStart;
  const bytes = message.subject.bytes.length + (message.payloadEnd - message.headersStart);
  if (storage === "memory") {
    return bytes + 16;
  }
  return bytes + (headerBytes > 0 ? 34 : 30);
}
