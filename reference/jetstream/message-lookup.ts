/** Finding and reading one message for MSG.GET and DIRECT.GET. */

import type { MessageView, StreamStore } from "../store/stream-store.ts";
import { compileFilter } from "../store/subject-filter.ts";
import { isAsked, type MessageRequest } from "./message-request.ts";
import { isLiteral } from "./subjects.ts";
import type { WireSequences } from "./wire-sequences.ts";

/** A stream, as far as it is read. */
export interface ReadStream {
  readonly messages: StreamStore;
  readonly sequences: WireSequences;
}

const NOTHING = new Uint8Array(0);

export function emptyView(): MessageView {
  return {
    sequence: 0,
    timeNs: 0n,
    subject: { text: "", bytes: NOTHING },
    buffer: NOTHING,
    headersStart: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** Where a request begins: its time as a sequence, or its sequence. */
export function startOf({ messages, sequences }: ReadStream, request: MessageRequest): number {
  return request.start_time === undefined ? sequences.given(request.seq) : messages.sequenceAtTime(request.start_time);
}

/** The sequence of the message asked for, 0 when there is none. */
export function findMessage(stream: ReadStream, request: MessageRequest): number {
  const { messages } = stream;
  const start = startOf(stream, request);
  if (isAsked(request.next_by_subj)) {
    return messages.nextMatching(compileFilter([request.next_by_subj ?? ""]), Math.max(start, 1));
  }
  if (start > 0) {
    return messages.has(start) ? start : 0;
  }
  return lastOn(messages, request.last_by_subj ?? "");
}

/** The epoch that an answer with the message shows: of the message alone when it was asked for by its sequence, else also of what is gone. */
export function shownEpoch({ messages }: ReadStream, request: MessageRequest, sequence: number): number {
  const isBySequence = isAsked(request.seq) && !isAsked(request.next_by_subj) && !isAsked(request.last_by_subj);
  return isBySequence ? messages.epochOf(sequence) : Math.max(messages.epochOf(sequence), messages.removalEpoch);
}

/**
 * The lost message that may be the one asked for, when `findMessage` found none: damage must not look like "not found". A lost message's
 * subject is not known, so every one that the request could reach may be it. 0 when there is none.
 */
export function lostInstead(stream: ReadStream, request: MessageRequest): number {
  const { messages } = stream;
  const start = startOf(stream, request);
  if (start > 0 && !isAsked(request.next_by_subj)) {
    return messages.isLost(start) ? start : 0;
  }
  return firstLost(messages, start);
}

/** The first lost sequence from `from` and below `before`, 0 when there is none. */
export function firstLost(messages: StreamStore, from: number, before?: number): number {
  for (const lost of messages.lostSequences(Math.max(from, 1), before)) {
    return lost;
  }
  return 0;
}

/** The newest message on a subject or pattern, 0 when there is none. */
export function lastOn(messages: StreamStore, subject: string): number {
  return isLiteral(subject)
    ? (messages.subjectState(subject)?.lastSequence ?? 0)
    : messages.previousMatching(compileFilter([subject]), messages.state.lastSequence);
}
