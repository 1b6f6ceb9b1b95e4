/**
 * Atomic batch publishing (ADR-50): messages are staged until their commit, then checked together and stored within one turn. All of them
 * belong to one commit of the store, which survives a crash as a whole or not at all, so nobody ever sees half a batch.
 */
import type { InboundMessage } from "../broker/service.ts";
import type { Timer } from "../ports.ts";
import { isLevelTooHigh } from "./api/required-level.ts";
import { BatchChecks } from "./batch-checks.ts";
import { type ApiError, apiErrors, filled } from "./errors.ts";
import { addedHeader, removedHeader } from "./header-edits.ts";
import type { MessageIds } from "./message-ids.ts";
import type { MessageParts, MessageWriter } from "./message-writer.ts";
import type { PublishAcks } from "./publish-ack.ts";
import { PublishHeaders } from "./publish-headers.ts";
import type { Stream } from "./stream.ts";

const MESSAGES_MAX = 1000;
const OPEN_MAX = 50;
const ID_LENGTH_MAX = 64;
/** A batch that gets nothing for this long is abandoned. */
const IDLE_MS = 10_000;
const NO_BYTES = new Uint8Array(0);

export interface BatchParts {
  readonly stream: Stream;
  readonly ids: MessageIds;
  readonly acks: PublishAcks;
  readonly writer: MessageWriter;
}

interface Batch {
  readonly id: string;
  readonly staged: MessageParts[];
  lastSequence: number;
  timer: Timer;
}

type Reason = "timeout" | "large" | "incomplete" | "unsupported";

export class AtomicBatches {
  readonly #parts: BatchParts;
  readonly #open = new Map<string, Batch>();
  readonly #headers = new PublishHeaders();

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  receive(message: InboundMessage, headers: PublishHeaders): void {
    const id = headers.text("batchId");
    const sequence = sequenceOf(headers.text("batchSequence"));
    if (id.length > ID_LENGTH_MAX) {
      this.#refuse(message, apiErrors.atomicPublishInvalidBatchID);
    } else if (sequence === undefined) {
      this.#refuse(message, apiErrors.atomicPublishMissingSeq);
    } else {
      this.#take(message, { id, sequence, commit: headers.isPresent("batchCommit") ? headers.text("batchCommit") : undefined });
    }
  }

  close(): void {
    for (const batch of this.#open.values()) {
      batch.timer.cancel();
    }
    this.#open.clear();
  }

  #take(message: InboundMessage, step: { id: string; sequence: number; commit: string | undefined }): void {
    const isEnd = step.commit === "eob";
    const size = step.sequence - (isEnd ? 1 : 0);
    const batch = this.#open.get(step.id) ?? this.#begin(step);
    if (batch === undefined) {
      const isUnknown = step.sequence !== 1;
      const unknown =
        size > MESSAGES_MAX ? filled(apiErrors.atomicPublishTooLargeBatch, { size: MESSAGES_MAX }) : apiErrors.atomicPublishIncompleteBatch;
      this.#refuse(message, isUnknown ? unknown : apiErrors.atomicPublishTooManyInflight);
      return;
    }
    if (step.commit !== undefined && step.commit !== "1" && !isEnd) {
      this.#drop(batch);
      this.#refuse(message, apiErrors.atomicPublishInvalidBatchCommit);
      return;
    }
    if (isLevelTooHigh(message)) {
      this.#abandon(batch, "unsupported");
      this.#refuse(message, apiErrors.requiredApiLevel);
      return;
    }
    batch.lastSequence += 1;
    if (batch.lastSequence !== step.sequence || (step.sequence === 1 && isEnd)) {
      this.#abandon(batch, "incomplete");
      this.#refuse(message, apiErrors.atomicPublishIncompleteBatch);
      return;
    }
    if (size > MESSAGES_MAX) {
      this.#abandon(batch, "large");
      this.#refuse(message, filled(apiErrors.atomicPublishTooLargeBatch, { size: MESSAGES_MAX }));
      return;
    }
    if (!isEnd) {
      batch.staged.push(copied(message));
    }
    if (step.commit === undefined) {
      this.#restartTimer(batch);
      this.#answer(message, NO_BYTES);
    } else {
      this.#commit(message, batch, isEnd);
    }
  }

  #begin({ id, sequence }: { id: string; sequence: number }): Batch | undefined {
    if (sequence !== 1 || this.#open.size >= OPEN_MAX) {
      return undefined;
    }
    const batch: Batch = { id, staged: [], lastSequence: 0, timer: this.#idleTimer(id) };
    this.#open.set(id, batch);
    return batch;
  }

  #commit(message: InboundMessage, batch: Batch, isEnd: boolean): void {
    this.#drop(batch);
    const { stream, ids } = this.#parts;
    const nowNs = stream.context.clock.nowNs();
    const checks = new BatchChecks(stream, ids);
    for (const staged of batch.staged) {
      const headers = this.#scanned(staged);
      const error =
        headers?.has("expectedLastMessageId") === true
          ? filled(apiErrors.atomicPublishUnsupportedHeaderBatch, { header: "Nats-Expected-Last-Msg-Id" })
          : checks.check(staged, headers, nowNs)?.error;
      if (error !== undefined) {
        this.#refuse(message, error);
        return;
      }
    }
    this.#store(message, { batch, isEnd, nowNs });
  }

  #store(message: InboundMessage, { batch, isEnd, nowNs }: { batch: Batch; isEnd: boolean; nowNs: bigint }): void {
    const { writer, acks } = this.#parts;
    let sequence = 0;
    for (const [index, staged] of batch.staged.entries()) {
      // What ends with a marker that is not stored is committed by its last message.
      const isLast = index === batch.staged.length - 1;
      const stored = isLast && isEnd ? addedHeader(staged, "Nats-Batch-Commit", "1") : staged;
      sequence = writer.write(stored, this.#scanned(stored), nowNs);
      writer.announce(sequence, stored);
    }
    this.#answer(message, acks.ofBatch(sequence, { id: batch.id, count: batch.staged.length }));
  }

  #scanned(message: MessageParts): PublishHeaders | undefined {
    return this.#headers.scan(message.buffer, message.headersStart, message.payloadStart) ? this.#headers : undefined;
  }

  #drop(batch: Batch): void {
    batch.timer.cancel();
    this.#open.delete(batch.id);
  }

  #abandon(batch: Batch, reason: Reason): void {
    this.#drop(batch);
    const { name, context } = this.#parts.stream;
    context.advise(`STREAM.BATCH_ABANDONED.${name}`, "io.nats.jetstream.advisory.v1.stream_batch_abandoned", {
      stream: name,
      domain: context.domain,
      batch: batch.id,
      reason,
    });
  }

  #restartTimer(batch: Batch): void {
    batch.timer.cancel();
    batch.timer = this.#idleTimer(batch.id);
  }

  #idleTimer(id: string): Timer {
    return this.#parts.stream.context.clock.setTimer(IDLE_MS, () => {
      const batch = this.#open.get(id);
      if (batch !== undefined) {
        this.#abandon(batch, "timeout");
      }
    });
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

/** Undefined when missing or no number. */
function sequenceOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined;
}

/** A message that outlives the call, without the header that only asked about the server. */
function copied(message: InboundMessage): MessageParts {
  const { buffer, headersStart, payloadStart, payloadEnd, subject } = message;
  const own = buffer.slice(headersStart, payloadEnd);
  const parts = { subject, buffer: own, headersStart: 0, payloadStart: payloadStart - headersStart, payloadEnd: own.length };
  return removedHeader(parts, "Nats-Required-Api-Level");
}
