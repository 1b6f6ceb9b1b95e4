/** What INFO, LIST, CREATE and UPDATE tell about a stream, in the field order of the official server. */
import { compileFilter } from "../store/subject-filter.ts";
import type { Int64 } from "./json/decode.ts";
import { formatTime } from "./json/time.ts";
import type { Stream } from "./stream.ts";
import { answeredMetadata, shownConfig } from "./stream-config.ts";

export interface InfoOptions {
  /** Adds what the running server is to the metadata. */
  readonly serverVersion?: string;
  readonly domain?: string | undefined;
  /** Name of the leader, which on one server is itself. */
  readonly leader?: string;
  readonly withDeleted?: boolean;
  /** Counts of single subjects, when they were asked for. */
  readonly subjects?: Readonly<Record<string, number>> | undefined;
}

export function streamInfo(stream: Stream, options: InfoOptions): Record<string, unknown> {
  const { config, context, createdNs } = stream;
  const metadata = options.serverVersion === undefined ? config.metadata : answeredMetadata(config.metadata, options.serverVersion);
  return {
    config: shownConfig(config, metadata),
    created: formatTime(createdNs),
    state: streamState(stream, options),
    domain: options.domain,
    cluster: options.leader === undefined ? undefined : { leader: options.leader },
    ts: formatTime(context.clock.nowNs()),
  };
}

export function streamState(
  stream: Stream,
  { withDeleted = false, subjects }: Pick<InfoOptions, "withDeleted" | "subjects">,
): Record<string, unknown> {
  const { sequences } = stream;
  const { state } = stream.messages;
  const deleted =
    withDeleted && state.deleted > 0 ? Array.from(stream.messages.deletedSequences(), (sequence) => sequences.shown(sequence)) : [];
  return {
    messages: state.messages,
    bytes: state.bytes,
    first_seq: sequences.shown(state.firstSequence),
    first_ts: formatTime(state.messages === 0 ? 0n : state.firstTimeNs),
    last_seq: sequences.shown(state.lastSequence),
    last_ts: formatTime(state.lastTimeNs),
    num_subjects: state.subjects === 0 ? undefined : state.subjects,
    subjects,
    num_deleted: state.deleted === 0 ? undefined : state.deleted,
    deleted: deleted.length === 0 ? undefined : deleted,
    lost: lostState(stream),
    consumer_count: stream.consumers.size,
  };
}

/** More are not listed: an answer has to fit a message. */
const LOST_LISTED_MAX = 10_000;

/** Messages that damage took, in the official shape. How large they were is not known any more. */
function lostState({ messages, sequences }: Stream): Record<string, unknown> | undefined {
  const msgs: Int64[] = [];
  for (const lost of messages.lostSequences()) {
    if (msgs.push(sequences.shown(lost)) >= LOST_LISTED_MAX) {
      break;
    }
  }
  return msgs.length === 0 ? undefined : { msgs, bytes: 0 };
}

/** Message counts of the subjects that match `pattern`, by name in order. */
export function subjectCounts(stream: Stream, pattern: string): [string, number][] {
  const counts: [string, number][] = [];
  for (const { subject, messages } of stream.messages.subjectStates(compileFilter([pattern]))) {
    counts.push([subject.text, messages]);
  }
  return counts.sort(([a], [b]) => (a < b ? -1 : 1));
}
