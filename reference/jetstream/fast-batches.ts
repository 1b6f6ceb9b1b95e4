/**
 * Fast batch publishing (ADR-50): messages are stored one by one as they come, the server acknowledges every few of them and so paces the
 * client, and the commit gets one PubAck for all. Nothing is pending between two messages here, because each is stored within its call.
 */
import type { InboundMessage } from "../broker/service.ts";
import type { Timer } from "../ports.ts";
import { isLevelTooHigh } from "./api/required-level.ts";
import type { BatchParts } from "./atomic-batches.ts";
import { BatchChecks, type BatchProblem } from "./batch-checks.ts";
import { type ApiError, apiErrors, filled } from "./errors.ts";
import { type FastBatchStep, parseFastBatchReply } from "./fast-batch-reply.ts";
import { removedHeader } from "./header-edits.ts";
import { printJson } from "./json/print.ts";
import type { MessageParts } from "./message-writer.ts";
import { PublishHeaders } from "./publish-headers.ts";

const OPEN_MAX = 1000;
const ID_LENGTH_MAX = 64;
/** All batches together are acknowledged about this often at most. */
const FLOW_SHARED = 500;
const IDLE_MS = 10_000;

interface Batch {
  readonly id: string;
  readonly isGapAllowed: boolean;
  readonly flowMax: number;
  /** An acknowledgement comes every so many messages. */
  flow: number;
  /** Highest sequence of the batch that was taken. */
  last: number;
  /** Highest sequence of the batch that is stored, or skipped for good. */
  settled: number;
  /** Highest sequence of the batch that was acknowledged. */
  acknowledged: number;
  /** Sequence in the stream of what was stored last, 0 for nothing. */
  streamSequence: number;
  timer: Timer;
}

export class FastBatches {
  readonly #parts: BatchParts;
  readonly #open = new Map<string, Batch>();
  readonly #headers = new PublishHeaders();

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  receive(message: InboundMessage, headers: PublishHeaders | undefined): void {
    const step = parseFastBatchReply(message.replyText() ?? "");
    if (step === undefined) {
      this.#refuse(message, apiErrors.batchPublishInvalidPattern);
    } else if (step.id.length > ID_LENGTH_MAX) {
      this.#refuse(message, apiErrors.batchPublishInvalidBatchID);
    } else {
      this.#take(message, headers, step);
    }
  }

  close(): void {
    for (const batch of this.#open.values()) {
      batch.timer.cancel();
    }
    this.#open.clear();
  }

  #take(message: InboundMessage, headers: PublishHeaders | undefined, step: FastBatchStep): void {
    const batch = this.#open.get(step.id) ?? this.#begin(step);
    if (batch === undefined) {
      const isUnknown = step.sequence !== 1 || step.isPing;
      this.#refuse(message, isUnknown ? apiErrors.batchPublishUnknownBatchID : apiErrors.batchPublishTooManyInflight);
      return;
    }
    if (isLevelTooHigh(message)) {
      this.#drop(batch);
      this.#refuse(message, apiErrors.requiredApiLevel);
      return;
    }
    batch.timer.cancel();
    batch.timer = this.#idleTimer(step.id);
    if (step.isPing) {
      this.#ping(message, batch, step.sequence);
    } else if (this.#isInOrder(message, batch, step.sequence)) {
      this.#takeInOrder(message, headers, { batch, step });
    }
  }

  #begin(step: FastBatchStep): Batch | undefined {
    if (step.sequence !== 1 || step.isPing || this.#open.size >= OPEN_MAX) {
      return undefined;
    }
    const batch: Batch = {
      id: step.id,
      isGapAllowed: step.isGapAllowed,
      flowMax: step.flow,
      flow: this.#open.size > 0 ? 1 : Math.min(FLOW_SHARED, step.flow),
      last: 0,
      settled: 0,
      acknowledged: 0,
      streamSequence: 0,
      timer: this.#idleTimer(step.id),
    };
    this.#open.set(step.id, batch);
    return batch;
  }

  #ping(message: InboundMessage, batch: Batch, sequence: number): void {
    if (sequence > batch.last) {
      this.#send(message, { type: "gap", last_seq: batch.last + 1, seq: sequence + 1 });
      if (!batch.isGapAllowed) {
        this.#finish(message, batch);
        return;
      }
      batch.last = sequence;
      batch.settled = sequence;
      if (this.#paced(message, batch)) {
        return;
      }
    }
    this.#send(message, { type: "ack", seq: batch.acknowledged, msgs: batch.flow });
  }

  /** A gap is always told; it ends the batch unless the client allows gaps. */
  #isInOrder(message: InboundMessage, batch: Batch, sequence: number): boolean {
    const expected = batch.last + 1;
    if (sequence !== expected) {
      this.#send(message, { type: "gap", last_seq: expected, seq: sequence });
      if (!batch.isGapAllowed || sequence < expected) {
        this.#finish(message, batch);
        return false;
      }
    }
    batch.last = sequence;
    return true;
  }

  #takeInOrder(message: InboundMessage, scanned: PublishHeaders | undefined, { batch, step }: { batch: Batch; step: FastBatchStep }): void {
    if (step.isEnd) {
      batch.last -= 1;
      batch.settled = batch.last;
      this.#finish(message, batch);
      return;
    }
    if (step.sequence === 1 && !step.isCommit) {
      this.#send(message, { type: "ack", seq: 0, msgs: batch.flow });
    }
    const { stream, ids, writer } = this.#parts;
    const nowNs = stream.context.clock.nowNs();
    const stored: MessageParts =
      scanned?.isPresent("requiredApiLevel") === true ? removedHeader(message, "Nats-Required-Api-Level") : message;
    const headers = this.#headers.scan(stored.buffer, stored.headersStart, stored.payloadStart) ? this.#headers : undefined;
    const problem = new BatchChecks(stream, ids).check(stored, headers, nowNs) ?? this.#lastIdProblem(headers);
    if (problem !== undefined) {
      this.#failed(message, problem, { batch, step });
      return;
    }
    batch.streamSequence = writer.write(stored, headers, nowNs);
    batch.settled = batch.last;
    if (step.isCommit) {
      this.#finish(message, batch);
    } else {
      this.#paced(message, batch);
    }
    writer.announce(batch.streamSequence, stored);
  }

  #lastIdProblem(headers: PublishHeaders | undefined): BatchProblem | undefined {
    const expected = headers?.text("expectedLastMessageId") ?? "";
    const last = expected === "" ? "" : this.#parts.writer.lastMessageId();
    return expected === last ? undefined : { error: filled(apiErrors.streamWrongLastMsgID, { id: last }) };
  }

  #failed(message: InboundMessage, problem: BatchProblem, { batch, step }: { batch: Batch; step: FastBatchStep }): void {
    const isDuplicate = problem.duplicateOf !== undefined;
    if (isDuplicate) {
      batch.settled = step.sequence;
      this.#paced(message, batch);
      if (!step.isCommit) {
        return;
      }
    }
    if (!batch.isGapAllowed && batch.last === 1) {
      this.#drop(batch);
      this.#answerFirst(message, problem, step);
      return;
    }
    if (!isDuplicate) {
      this.#send(message, { type: "err", seq: step.sequence, error: problem.error });
    }
    if (batch.isGapAllowed && !step.isCommit) {
      return;
    }
    if (!isDuplicate) {
      batch.last -= 1;
      batch.settled = batch.last;
    }
    this.#finish(message, batch);
  }

  /** A batch that fails with its first message is answered like a single publish. */
  #answerFirst(message: InboundMessage, problem: BatchProblem, step: FastBatchStep): void {
    const { acks } = this.#parts;
    if (problem.duplicateOf !== undefined && problem.duplicateOf > 0) {
      this.#answer(message, acks.ofBatch(problem.duplicateOf, { id: step.id, count: step.sequence, isDuplicate: true }));
    } else {
      this.#refuse(message, problem.error);
    }
  }

  /** Ends the batch with its PubAck. */
  #finish(message: InboundMessage, batch: Batch): void {
    this.#drop(batch);
    this.#answer(message, this.#parts.acks.ofBatch(batch.streamSequence, { id: batch.id, count: batch.last }));
  }

  /** Acknowledges when it is time, and lets the client send more or less between acknowledgements. */
  #paced(message: InboundMessage, batch: Batch): boolean {
    if (batch.settled < batch.acknowledged + batch.flow) {
      return false;
    }
    batch.acknowledged += Math.floor((batch.settled - batch.acknowledged) / batch.flow) * batch.flow;
    const most = Math.min(batch.flowMax, Math.max(1, Math.floor(FLOW_SHARED / this.#open.size)));
    batch.flow = batch.flow < most ? Math.min(batch.flow * 2, most) : Math.max(Math.floor(batch.flow / 2), most);
    this.#send(message, { type: "ack", seq: batch.acknowledged, msgs: batch.flow });
    return true;
  }

  #drop(batch: Batch): void {
    batch.timer.cancel();
    this.#open.delete(batch.id);
  }

  #idleTimer(id: string): Timer {
    return this.#parts.stream.context.clock.setTimer(IDLE_MS, () => void this.#open.delete(id));
  }

  #send(message: InboundMessage, event: Record<string, unknown>): void {
    this.#answer(message, Buffer.from(printJson(event)));
  }

  #refuse(message: InboundMessage, error: ApiError): void {
    this.#answer(message, this.#parts.acks.refused(error));
  }

  #answer(message: InboundMessage, payload: Uint8Array): void {
    const { stream } = this.#parts;
    if (!stream.config.no_ack) {
      stream.context.account.respond(message, payload, stream.context.store.epoch);
    }
  }
}
