/** Direct gets of several messages: a run from a sequence (`batch`), or the newest message of each of many subjects (`multi_last`). */

import type { MessageView } from "../store/stream-store.ts";
import { compileFilter } from "../store/subject-filter.ts";
import type { Int64 } from "./json/decode.ts";
import { emptyView, firstLost, startOf } from "./message-lookup.ts";
import type { MessageRequest } from "./message-request.ts";
import { isAsked } from "./message-request.ts";
import type { Stream } from "./stream.ts";

/** More subjects than this are refused. */
const SUBJECTS_MAX = 1024;
/** What is sent at most when the request names no `max_bytes`; the message that crosses it still goes out. */
const DEFAULT_BYTES_MAX = 64 * 1024 * 1024;

/** Where the answers go. */
export interface DirectReplies {
  readonly stream: Stream;
  damaged(sequence: number): void;
  status(line: string, headers?: Readonly<Record<string, Int64>>): void;
  deliver(view: MessageView, options: { bare: boolean; more?: Readonly<Record<string, Int64>> }): void;
}

export function readBatch(replies: DirectReplies, request: MessageRequest): void {
  const { messages, sequences: wire } = replies.stream;
  const isFiltered = isAsked(request.next_by_subj);
  const filter = compileFilter(isFiltered ? [request.next_by_subj ?? ""] : []);
  const view = emptyView();
  let next = Math.max(startOf(replies.stream, request), 1);
  let pending = messages.countMatching(filter, next);
  let last = 0;
  let bytes = 0;
  for (let sent = 0; sent < Number(request.batch ?? 0) && bytes < bytesMax(request); sent += 1) {
    const sequence = messages.nextMatching(filter, next);
    const isRead = sequence > 0 && messages.read(sequence, view);
    // Whoever reads a stream in order is told of every hole, and may go on behind it.
    const lost = isFiltered && isRead ? 0 : firstLost(messages, next, isRead ? sequence : undefined);
    if (lost > 0) {
      replies.damaged(lost);
      return;
    }
    if (!isRead) {
      break;
    }
    pending -= 1;
    replies.deliver(view, { bare: request.no_hdr === true, more: { "Nats-Num-Pending": pending, "Nats-Last-Sequence": wire.shown(last) } });
    bytes += sizeOf(view);
    last = sequence;
    next = sequence + 1;
  }
  if (last === 0) {
    replies.status("404 Message Not Found");
    return;
  }
  replies.status("204 EOB", { "Nats-Num-Pending": pending, "Nats-Last-Sequence": wire.shown(last) });
}

export function readLastOfEach(replies: DirectReplies, request: MessageRequest): void {
  const { messages, sequences: wire } = replies.stream;
  const upTo = ceilingOf(replies.stream, request);
  const sequences =
    upTo === 0 ? [] : lastSequences(replies.stream, { patterns: request.multi_last ?? [], from: wire.given(request.seq), upTo });
  if (sequences === undefined) {
    replies.status("413 Too Many Results");
    return;
  }
  const lost = sequences.length === 0 ? firstLost(messages, wire.given(request.seq), upTo + 1) : 0;
  if (lost > 0) {
    replies.damaged(lost);
    return;
  }
  if (sequences.length === 0) {
    replies.status("404 No Results");
    return;
  }
  const view = emptyView();
  const batch = Number(request.batch ?? 0);
  let last = 0;
  let bytes = 0;
  let sent = 0;
  for (const sequence of sequences) {
    if (!messages.read(sequence, view)) {
      replies.damaged(sequence);
      return;
    }
    sent += 1;
    replies.deliver(view, { bare: false, more: { "Nats-Num-Pending": sequences.length - sent, "Nats-Last-Sequence": wire.shown(last) } });
    last = sequence;
    bytes += sizeOf(view);
    if (bytes >= bytesMax(request) || (batch > 0 && sent >= batch)) {
      break;
    }
  }
  replies.status("204 EOB", {
    "Nats-Num-Pending": sequences.length - sent,
    "Nats-Last-Sequence": wire.shown(last),
    "Nats-UpTo-Sequence": wire.shown(upTo),
  });
}

/** The highest sequence that counts, 0 when nothing is that old. */
function ceilingOf({ messages, sequences }: Stream, request: MessageRequest): number {
  const { firstSequence, lastSequence } = messages.state;
  if (request.up_to_time !== undefined) {
    const after = messages.sequenceAtTime(request.up_to_time);
    return after <= firstSequence ? 0 : after - 1;
  }
  return isAsked(request.up_to_seq) ? sequences.given(request.up_to_seq) : lastSequence;
}

/** Ascending; undefined when there are too many. */
function lastSequences(
  { messages }: Stream,
  { patterns, from, upTo }: { patterns: readonly string[]; from: number; upTo: number },
): readonly number[] | undefined {
  const sequences: number[] = [];
  for (const { subject, lastSequence } of messages.subjectStates(compileFilter(patterns))) {
    const last = lastSequence <= upTo ? lastSequence : messages.previousMatching(compileFilter([subject.text]), upTo);
    if (last > 0 && last >= from) {
      sequences.push(last);
    }
    if (sequences.length > SUBJECTS_MAX) {
      return undefined;
    }
  }
  return sequences.sort((a, b) => a - b);
}

function bytesMax({ max_bytes }: MessageRequest): number {
  return isAsked(max_bytes) ? Number(max_bytes) : DEFAULT_BYTES_MAX;
}

function sizeOf(view: MessageView): number {
  return view.subject.bytes.length + view.payloadEnd - view.headersStart;
}
