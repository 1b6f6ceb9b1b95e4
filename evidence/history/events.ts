/**
 * The history of a run: what was asked of the server, what it answered, what was done to it, and what was read back. One event a line
 * (NDJSON). Checks and reports read nothing else, so both run again later without a server.
 *
 * `at` is milliseconds since the run began, on one monotonic clock. `process` is one client with at most one operation of a kind in
 * flight per `id`. An operation begins with `invoke` and ends with exactly one of `ok` (the server said yes), `fail` (the server said no: it did
 * not happen) or `info` (no answer: it may or may not have happened).
 * Sequences are decimal strings (64 bits). Payloads are identified by `digest`: the first 16 hex digits of SHA-256 over headers and payload.
 */

export type HistoryEvent =
  | RunEvent
  | InvokeEvent
  | CompletionEvent
  | FaultEvent
  | EpochEvent
  | ReadEvent
  | ReadEndEvent
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

export type Operation =
  | {
      readonly kind: "publish";
      readonly stream: string;
      readonly subject: string;
      readonly digest: string;
      readonly msgId?: string;
      readonly expectLastSeq?: string;
      readonly expectLastSubjectSeq?: string;
      /** Headers and payload together; needed to judge a run with `limits.maxBytes`. */
      readonly bytes?: number;
    }
  | { readonly kind: "create-stream"; readonly stream: string; readonly limits?: StreamLimits; readonly config?: string }
  | { readonly kind: "delete-stream"; readonly stream: string }
  | { readonly kind: "update-stream"; readonly stream: string; readonly limits?: StreamLimits; readonly config?: string }
  | { readonly kind: "purge"; readonly stream: string; readonly filter?: string; readonly below?: string; readonly keep?: number }
  | { readonly kind: "delete-message"; readonly stream: string; readonly seq: string }
  | { readonly kind: "create-consumer"; readonly stream: string; readonly consumer: string }
  | { readonly kind: "delete-consumer"; readonly stream: string; readonly consumer: string }
  /** Acknowledgement of one delivered message; `confirmed` asks the server to answer (double ack). */
  | { readonly kind: "ack"; readonly stream: string; readonly consumer: string; readonly seq: string; readonly confirmed: boolean };

/**
 * What a stream removes by itself, as far as the run gave it. A check counts such a removal as no loss. Absent means: removes nothing.
 * `config` beside it, on the operation and on `read-end`, is any text that identifies the configuration, compared for equality.
 */
export interface StreamLimits {
  readonly maxMessages?: number;
  readonly maxMessagesPerSubject?: number;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
  /** `new` refuses instead of removing. */
  readonly discard?: "old" | "new";
  /** `workqueue` and `interest` remove what was acknowledged by a consumer. */
  readonly retention?: "limits" | "workqueue" | "interest";
  /** The server's default, 120 s, when absent. */
  readonly duplicateWindowMs?: number;
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
  /** Publish: the acknowledged sequence. Purge: how many the server says it removed. */
  readonly seq?: string;
  readonly duplicate?: boolean;
  readonly purged?: number;
  /** `fail`: the API error. `info`: why there was no answer (`timeout`, `disconnected`, `no-responders`). */
  readonly error?: { readonly code?: number; readonly errCode?: number; readonly description: string };
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
  readonly problem?: string;
}

/** The read-back of one stream is over. `complete` is false when it did not reach `lastSeq`. `missing`: the stream does not exist. */
export interface ReadEndEvent {
  readonly type: "read-end";
  readonly at: number;
  readonly stream: string;
  readonly complete: boolean;
  readonly missing?: boolean;
  readonly firstSeq?: string;
  readonly lastSeq?: string;
  readonly messages?: number;
  readonly config?: string;
}

/** A consumer read back: its state, and the sequences it delivered again when asked. */
export interface ConsumerReadEvent {
  readonly type: "consumer-read";
  readonly at: number;
  readonly stream: string;
  readonly consumer: string;
  readonly missing?: boolean;
  readonly ackFloorSeq?: string;
  readonly redelivered?: readonly string[];
}

export interface NoteEvent {
  readonly type: "note";
  readonly at: number;
  readonly text: string;
}
