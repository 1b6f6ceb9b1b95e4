/**
 * The checks of a message inside a batch: against what is stored and what the batch has staged before it. They are the official ones of
 * proposals, which differ from those of single publishes: ids come before expectations, and limits count the staged messages.
 */
import { type ApiError, apiErrors, because, filled, lastMayBeLost } from "./errors.ts";
import type { MessageIds } from "./message-ids.ts";
import { firstLost, lastOn } from "./message-lookup.ts";
import { accountedBytes, type MessageParts } from "./message-writer.ts";
import { checkSchedule, hasTimeToLive, incrementProblem, rollupProblem } from "./publish-checks.ts";
import type { PublishHeaders } from "./publish-headers.ts";
import type { Stream } from "./stream.ts";

const HEADER_BYTES_MAX = 65_535;
/** The stream has given its last 64-bit sequence. The official server begins at 0 again then, and loses its way. */
export const OUT_OF_SEQUENCES = "no sequences left";

/** An error; a duplicate carries the sequence of the first, 0 when that is in the same batch. */
export interface BatchProblem {
  readonly error: ApiError;
  readonly duplicateOf?: number;
}

export class BatchChecks {
  readonly #stream: Stream;
  readonly #ids: MessageIds;
  readonly #stagedIds = new Set<string>();
  /** Staged messages of each subject. */
  readonly #stagedSubjects = new Map<string, number>();
  /** Sequences that earlier messages of the batch have been compared with. */
  readonly #compared = new Map<string, number>();
  #staged = 0;
  #stagedBytes = 0;

  constructor(stream: Stream, ids: MessageIds) {
    this.#stream = stream;
    this.#ids = ids;
  }

  /** Checks one message and stages it when it passes. */
  check(message: MessageParts, headers: PublishHeaders | undefined, nowNs: bigint): BatchProblem | undefined {
    if (message.payloadStart - message.headersStart > HEADER_BYTES_MAX) {
      return { error: apiErrors.streamHeaderExceedsMaximum };
    }
    const problem = headers === undefined ? undefined : this.#headerProblem(message, headers, nowNs);
    if (problem !== undefined) {
      return problem;
    }
    const { config } = this.#stream;
    const subject = message.subject.text;
    this.#staged += 1;
    this.#stagedBytes += accountedBytes(message, config.storage);
    this.#stagedSubjects.set(subject, (this.#stagedSubjects.get(subject) ?? 0) + 1);
    if (this.#stream.sequences.isShifted && this.#stream.messages.state.lastSequence + this.#staged > this.#stream.sequences.last) {
      return { error: because(apiErrors.streamStoreFailed, OUT_OF_SEQUENCES) };
    }
    const error = config.discard === "new" ? this.#discardProblem(subject, headers) : undefined;
    return error === undefined ? undefined : { error };
  }

  #headerProblem(message: MessageParts, headers: PublishHeaders, nowNs: bigint): BatchProblem | undefined {
    const { stream } = { stream: this.#stream };
    const before =
      incrementProblem(headers) ??
      (headers.has("expectedStream") && headers.text("expectedStream") !== stream.name ? apiErrors.streamNotMatch : undefined);
    if (before !== undefined) {
      return { error: before };
    }
    if (hasTimeToLive(headers)) {
      return { error: apiErrors.messageTTLDisabled };
    }
    const duplicate = this.#duplicate(message, headers, nowNs);
    if (duplicate !== undefined) {
      return duplicate;
    }
    const error =
      (headers.has("source") ? apiErrors.messageSourceHdrNotAllowed : undefined) ??
      this.#expectationProblem(message.subject.text, headers) ??
      checkSchedule(headers, message.subject.text) ??
      rollupProblem(headers, stream) ??
      this.#rollupOrderProblem(message.subject.text, headers);
    return error === undefined ? undefined : { error };
  }

  #duplicate(message: MessageParts, headers: PublishHeaders, nowNs: bigint): BatchProblem | undefined {
    if (!headers.has("messageId")) {
      return undefined;
    }
    const id = headers.text("messageId");
    const { start, end } = headers.range("messageId");
    const known = this.#stagedIds.has(id) ? 0 : this.#ids.find(message.buffer, start, end, Number(nowNs));
    if (known !== 0 || this.#stagedIds.has(id)) {
      return { error: apiErrors.atomicPublishContainsDuplicateMessage, duplicateOf: known };
    }
    this.#stagedIds.add(id);
    return undefined;
  }

  #expectationProblem(subject: string, headers: PublishHeaders): ApiError | undefined {
    if (headers.has("expectedLastSequence")) {
      const last = this.#stream.messages.state.lastSequence + this.#staged;
      if (this.#stream.sequences.expected(headers.text("expectedLastSequence")) !== last) {
        return filled(apiErrors.streamWrongLastSequence, { seq: this.#stream.sequences.shown(last) });
      }
      if (this.#staged > 0) {
        return apiErrors.streamWrongLastSequenceConstant;
      }
    }
    const other = headers.text("expectedLastSubjectSequenceSubject");
    if (headers.has("expectedLastSubjectSequence")) {
      return this.#subjectProblem(
        other === "" ? subject : other,
        this.#stream.sequences.expected(headers.text("expectedLastSubjectSequence")),
      );
    }
    return other === "" ? undefined : apiErrors.streamExpectedLastSeqPerSubjectInvalid;
  }

  #subjectProblem(subject: string, expected: number): ApiError | undefined {
    if (this.#stagedSubjects.has(subject)) {
      return apiErrors.streamWrongLastSequenceConstant;
    }
    const last = this.#compared.get(subject) ?? lastOn(this.#stream.messages, subject);
    const lost = last === 0 ? firstLost(this.#stream.messages, 1) : 0;
    if (lost > 0) {
      return lastMayBeLost(this.#stream.sequences.shown(lost));
    }
    if (last !== expected) {
      return filled(apiErrors.streamWrongLastSequence, { seq: this.#stream.sequences.shown(last) });
    }
    this.#compared.set(subject, last);
    return undefined;
  }

  #rollupOrderProblem(subject: string, headers: PublishHeaders): ApiError | undefined {
    const rollup = headers.text("rollup").toLowerCase();
    if (rollup === "sub" && this.#stagedSubjects.has(subject)) {
      return because(apiErrors.streamRollupFailed, "batch rollup sub invalid");
    }
    return rollup === "all" && this.#staged > 0 ? because(apiErrors.streamRollupFailed, "batch rollup all invalid") : undefined;
  }

  #discardProblem(subject: string, headers: PublishHeaders | undefined): ApiError | undefined {
    const { limits, messages } = this.#stream;
    if (messages.state.messages + this.#staged > limits.messagesMax) {
      return because(apiErrors.streamStoreFailed, "maximum messages exceeded");
    }
    if (messages.state.bytes + this.#stagedBytes > limits.bytesMax) {
      return because(apiErrors.streamStoreFailed, "maximum bytes exceeded");
    }
    const onSubject = (messages.subjectState(subject)?.messages ?? 0) + (this.#stagedSubjects.get(subject) ?? 0);
    const isOver = limits.discardNewPerSubject && onSubject > limits.perSubjectMax && headers?.isPresent("rollup") !== true;
    return isOver ? because(apiErrors.streamStoreFailed, "maximum messages per subject exceeded") : undefined;
  }
}
