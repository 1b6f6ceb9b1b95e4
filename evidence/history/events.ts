/**
 * The history of a run: what was asked of the server, what it answered, what was done to it, and what was read back. One event a line
 * (NDJSON). Checks and reports read nothing else, so both run again later without a server.
 *
 * `at` is milliseconds since the run began, on one monotonic clock. `process` is one client with at most one operation of a kind in
 * flight per `id`. An operation (`operation.ts`) begins with `invoke` and ends with exactly one of `ok` (the server said yes), `fail` (the server said
 * no: it did not happen) or `info` (no answer: it may or may not have happened).
 * Sequences are decimal strings (64 bits). Payloads are identified by `digest`: the first 16 hex digits of SHA-256 over headers and payload. `time`
 * is the server's own timestamp of a stored message: nanoseconds since 1970, a decimal string.
 *
 * Two kinds of looking. The *read-back* (`read`… `read-end`, `consumer-read`) takes a whole stream or consumer; the last one of each counts as what is
 * left. *Observations* (`get`, `stream-info` and `consumer-info` operations, `delivery`, earlier read-backs) are single looks during the run, with traffic
 * around them: what they showed must still be so at the end.
 */
import type { Operation } from "./operation.ts";

export type { ConsumerSettings, Operation, PublishedMessage, StreamLimits } from "./operation.ts";

export type HistoryEvent =
  | RunEvent
  | InvokeEvent
  | CompletionEvent
  | FaultEvent
  | EpochEvent
  | ReadEvent
  | ReadEndEvent
  | DeliveryEvent
  | ConsumerReadEvent
  | NoteEvent;

export interface RunEvent {
  readonly type: "run";
  readonly at: number;
  readonly schema: 1;
  readonly workload: string;
  readonly target: string;
  readonly seed: number;
  /** Settings that change verdicts, such as `sync_interval`. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface InvokeEvent {
  readonly type: "invoke";
  readonly at: number;
  readonly id: number;
  readonly process: number;
  readonly op: Operation;
}

export interface CompletionEvent {
  readonly type: "ok" | "fail" | "info";
  readonly at: number;
  readonly id: number;
  /** Publish and batch: the acknowledged sequence, the last one's. Purge: how many the server says it removed. */
  readonly seq?: string;
  readonly duplicate?: boolean;
  readonly purged?: number;
  /** Get: the message there is. */
  readonly message?: SeenMessage;
  /** Get and infos: the server says that there is none. */
  readonly absent?: boolean;
  /** Stream info and consumer info: what the server said. */
  readonly figures?: StreamFigures;
  readonly state?: ConsumerFigures;
  /** `fail`: the API error. `info`: why there was no answer (`timeout`, `disconnected`, `no-responders`). */
  readonly error?: { readonly code?: number; readonly errCode?: number; readonly description: string };
}

/** A message as a get or a delivery shows it. */
export interface SeenMessage {
  readonly seq: string;
  readonly subject: string;
  readonly digest: string;
  readonly time?: string;
}

/** What was done to the server, with the evidence that it happened. A fault without evidence makes the run inconclusive. */
export interface FaultEvent {
  readonly type: "fault";
  readonly at: number;
  readonly fault: string;
  readonly evidence: FaultEvidence;
}

/** `happened` is what an outside observer saw; the rest are the figures that show it (old and new pid, bytes dropped, bits flipped). */
export interface FaultEvidence {
  readonly happened: boolean;
  readonly summary: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** The server answers again: a new life of it begins. What had no answer in an earlier life cannot take effect any more. */
export interface EpochEvent {
  readonly type: "epoch";
  readonly at: number;
  readonly epoch: number;
  readonly readyAfterMs: number;
}

/** One message read back after the last fault. `problem` names a read that did not give a message (an explicit error for a damaged record). */
export interface ReadEvent {
  readonly type: "read";
  readonly at: number;
  readonly stream: string;
  readonly seq: string;
  readonly subject?: string;
  readonly digest?: string;
  readonly time?: string;
  readonly problem?: string;
}

/** What a stream says about itself (`STREAM.INFO`); each figure where the server gave it. */
export interface StreamFigures {
  readonly firstSeq?: string;
  readonly lastSeq?: string;
  readonly messages?: number;
  /** `num_deleted`: holes between the first and the last sequence. */
  readonly deleted?: number;
  /** `num_subjects`. */
  readonly subjects?: number;
  /** `subjects` of an info asked with a `subjects_filter` of `>`: messages of each subject. */
  readonly perSubject?: Readonly<Record<string, number>>;
  readonly config?: string;
}

/**
 * The read-back of one stream is over; the figures are those the stream gave when it began. `complete` is false when it did not reach `lastSeq`.
 * `missing`: the stream does not exist.
 */
export interface ReadEndEvent extends StreamFigures {
  readonly type: "read-end";
  readonly at: number;
  readonly stream: string;
  readonly complete: boolean;
  readonly missing?: boolean;
}

/** A message that a consumer delivered to `process`, in the order it arrived there. `delivered` counts from 1: how often the server says it sent it. */
export interface DeliveryEvent extends SeenMessage {
  readonly type: "delivery";
  readonly at: number;
  readonly process: number;
  readonly stream: string;
  readonly consumer: string;
  readonly consumerSeq: string;
  readonly delivered: number;
  /** What the server says is still to be delivered, behind this one. */
  readonly pending?: number;
}

/** What a consumer says about itself (`CONSUMER.INFO`); each figure where the server gave it. */
export interface ConsumerFigures {
  readonly ackFloorSeq?: string;
  /** `delivered.stream_seq` and `delivered.consumer_seq`. */
  readonly deliveredSeq?: string;
  readonly deliveredConsumerSeq?: string;
  /** `num_pending`, `num_ack_pending`, `num_redelivered`. */
  readonly pending?: number;
  readonly ackPending?: number;
  readonly redeliveredPending?: number;
}

/**
 * A consumer read back: first its state, then, when asked long enough for everything unacknowledged to come again, the sequences it delivered
 * (`redelivered`). `quiet` is the judge's word that nothing was on its way when the state was read: every operation on the stream and the consumer had ended,
 * every delivery had been recorded and no pull was open; only then are counts judged.
 */
export interface ConsumerReadEvent extends ConsumerFigures {
  readonly type: "consumer-read";
  readonly at: number;
  readonly stream: string;
  readonly consumer: string;
  readonly missing?: boolean;
  readonly redelivered?: readonly string[];
  readonly quiet?: boolean;
}

export interface NoteEvent {
  readonly type: "note";
  readonly at: number;
  readonly text: string;
}
