/**
 * The publish path: from a message on one of the stream's subjects to its PubAck. The checks come in the order of the official single
 * server, because a message with two faults must get the same answer. The common message (no headers, no refusal) allocates the two views
 * the store asks for and nothing else. Batches have their own paths behind the same door.
 */
import type { InboundMessage } from "../broker/service.ts";
import { AtomicBatches } from "./atomic-batches.ts";
import { OUT_OF_SEQUENCES } from "./batch-checks.ts";
import { type ApiError, apiErrors, because, filled } from "./errors.ts";
import { isFastBatchReply } from "./fast-batch-reply.ts";
import { FastBatches } from "./fast-batches.ts";
import type { MessageIds } from "./message-ids.ts";
import { accountedBytes, MessageWriter } from "./message-writer.ts";
import { PublishAcks } from "./publish-ack.ts";
import { checkHeaders, rollupProblem, ttlProblem } from "./publish-checks.ts";
import { PublishHeaders } from "./publish-headers.ts";
import { withoutStatus } from "./publish-status.ts";
import type { Stream } from "./stream.ts";

/** A bigger record is refused in file streams. */
const FILE_RECORD_BYTES_MAX = 32 * 1024 * 1024;
const HEADER_BYTES_MAX = 65_535;

/** The server's storage, as far as publishing asks about it. */
export interface StorageBudget {
  /** Is more stored than the server may hold? */
  isExhausted(storage: "file" | "memory"): boolean;
}

export interface PublishParts {
  readonly stream: Stream;
  readonly ids: MessageIds;
  readonly budget: StorageBudget;
}

export class Publisher {
  readonly #stream: Stream;
  readonly #ids: MessageIds;
  readonly #budget: StorageBudget;
  readonly #acks: PublishAcks;
  readonly #writer: MessageWriter;
  readonly #headers = new PublishHeaders();
  readonly #atomic: AtomicBatches;
  readonly #fast: FastBatches;

  constructor({ stream, ids, budget }: PublishParts) {
    this.#stream = stream;
    this.#ids = ids;
    this.#budget = budget;
    this.#acks = new PublishAcks(stream.name, stream.context.domain, stream.sequences);
    this.#writer = new MessageWriter(stream, ids);
    const parts = { stream, ids, acks: this.#acks, writer: this.#writer };
    this.#atomic = new AtomicBatches(parts);
    this.#fast = new FastBatches(parts);
  }

  /** Stores the message or refuses it; answers either way when an answer is wanted. */
  receive(inbound: InboundMessage): void {
    const message = withoutStatus(inbound);
    const nowNs = this.#stream.context.clock.nowNs();
    const hasHeaders =
      message.payloadStart > message.headersStart && this.#headers.scan(message.buffer, message.headersStart, message.payloadStart);
    const headers = hasHeaders ? this.#headers : undefined;
    const isFast = isFastBatchReply(message);
    if (isFast || (headers !== undefined && !headers.isMessageIdOnly && headers.has("batchId"))) {
      this.#receiveOfBatch(message, headers, isFast);
      return;
    }
    const refusal =
      this.#sizeProblem(message) ??
      (headers === undefined ? undefined : this.#headerProblem(message, headers, nowNs)) ??
      this.#storageProblem(message, headers);
    if (refusal !== undefined) {
      this.#refuse(message, refusal);
      return;
    }
    const sequence = this.#writer.write(message, headers, nowNs);
    if (this.#isAnswered(message)) {
      const { account, store } = this.#stream.context;
      account.respond(message, this.#acks.stored(sequence), store.epoch);
    }
    this.#writer.announce(sequence, message);
  }

  restoreLastMessageId(id: string): void {
    this.#writer.restoreLastMessageId(id);
  }

  /** Ends what waits for more of its batch. */
  close(): void {
    this.#atomic.close();
    this.#fast.close();
  }

  /** A changed configuration may forbid batches that are open. */
  reconfigured(): void {
    const { allow_atomic, allow_batched } = this.#stream.config;
    if (!allow_atomic) {
      this.#atomic.close();
    }
    if (!allow_batched) {
      this.#fast.close();
    }
  }

  #receiveOfBatch(message: InboundMessage, headers: PublishHeaders | undefined, isFast: boolean): void {
    const { config } = this.#stream;
    const isAllowed = isFast ? config.allow_batched : config.allow_atomic;
    const problem =
      this.#batchProblem(message) ?? (isAllowed ? undefined : isFast ? apiErrors.batchPublishDisabled : apiErrors.atomicPublishDisabled);
    if (problem !== undefined) {
      this.#refuse(message, problem);
    } else if (isFast) {
      this.#fast.receive(message, headers);
    } else if (headers !== undefined) {
      this.#atomic.receive(message, headers);
    }
  }

  #batchProblem(message: InboundMessage): ApiError | undefined {
    const { config, limits } = this.#stream;
    if (config.sealed) {
      return apiErrors.streamSealed;
    }
    if (this.#budget.isExhausted(config.storage)) {
      return apiErrors.insufficientResources;
    }
    return message.payloadEnd - message.headersStart > limits.messageBytesMax ? apiErrors.streamMessageExceedsMaximum : undefined;
  }

  #sizeProblem(message: InboundMessage): ApiError | undefined {
    const { config, limits } = this.#stream;
    if (config.storage === "file" && accountedBytes(message, "file") > FILE_RECORD_BYTES_MAX) {
      return because(apiErrors.streamStoreFailed, "message too large");
    }
    if (config.sealed) {
      return apiErrors.streamSealed;
    }
    if (message.payloadEnd - message.headersStart > limits.messageBytesMax) {
      return apiErrors.streamMessageExceedsMaximum;
    }
    return message.payloadStart - message.headersStart > HEADER_BYTES_MAX ? apiErrors.streamHeaderExceedsMaximum : undefined;
  }

  #headerProblem(message: InboundMessage, headers: PublishHeaders, nowNs: bigint): ApiError | number | undefined {
    const isUsual = headers.isMessageIdOnly;
    const problem = isUsual ? undefined : checkHeaders(headers, { stream: this.#stream, subject: message.subject.text });
    if (problem !== undefined) {
      return problem;
    }
    // dedup.duplicate-returns-first-seq
    const id = headers.messageId;
    if (id !== undefined) {
      const known = this.#ids.find(message.buffer, id.start, id.end, Number(nowNs));
      if (known !== 0) {
        return known;
      }
    }
    if (isUsual) {
      return undefined;
    }
    const expectedId = headers.text("expectedLastMessageId");
    if (expectedId !== "" && expectedId !== this.#writer.lastMessageId()) {
      return filled(apiErrors.streamWrongLastMsgID, { id: this.#writer.lastMessageId() });
    }
    return rollupProblem(headers, this.#stream);
  }

  /** What stands against storing it: the server's storage, the syntax of a TTL, and the limits of a stream that discards new messages. */
  #storageProblem(message: InboundMessage, headers: PublishHeaders | undefined): ApiError | undefined {
    const { config, limits, messages } = this.#stream;
    if (this.#budget.isExhausted(config.storage)) {
      return apiErrors.insufficientResources;
    }
    if (this.#stream.sequences.isShifted && messages.state.lastSequence >= this.#stream.sequences.last) {
      return because(apiErrors.streamStoreFailed, OUT_OF_SEQUENCES);
    }
    if (config.retention === "interest" && !this.#stream.hasInterest(message.subject)) {
      return undefined;
    }
    const ttl = headers === undefined || headers.isMessageIdOnly ? undefined : ttlProblem(headers);
    return ttl ?? (limits.discardNew ? this.#discardProblem(message, headers) : undefined);
  }

  #discardProblem(message: InboundMessage, headers: PublishHeaders | undefined): ApiError | undefined {
    const { limits, messages, config } = this.#stream;
    const replaced = this.#replacedBy(message);
    if (replaced !== 0 && limits.discardNewPerSubject && headers?.isPresent("rollup") !== true) {
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

  /** `problem` is an error, or the sequence that a duplicate already has. */
  #refuse(message: InboundMessage, problem: ApiError | number): void {
    if (this.#isAnswered(message)) {
      const { account, store } = this.#stream.context;
      const payload = typeof problem === "number" ? this.#acks.duplicate(problem) : this.#acks.refused(problem);
      // A duplicate shows the first publish, a refusal the state it is based on: neither may overtake it.
      account.respond(message, payload, store.epoch);
    }
  }

  #isAnswered({ replyStart, replyEnd }: InboundMessage): boolean {
    return replyEnd > replyStart && !this.#stream.config.no_ack;
  }
}
