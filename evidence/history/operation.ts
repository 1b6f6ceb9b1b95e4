/**
 * What a client can ask of a server, as far as a check reads it. Every field beyond the names is what was *asked*; what came of it stands in the
 * completion. A field that a workload can't know is left out: a check then says that it can't judge, it never guesses.
 */

export type Operation =
  | PublishOperation
  | BatchOperation
  | GetOperation
  /** A look at a stream's figures during the run: `ok` with `figures`, or with `absent`. */
  | { readonly kind: "stream-info"; readonly stream: string }
  /** A look at a consumer's state during the run: `ok` with `state`, or with `absent`. */
  | { readonly kind: "consumer-info"; readonly stream: string; readonly consumer: string }
  | { readonly kind: "create-stream"; readonly stream: string; readonly limits?: StreamLimits; readonly config?: string }
  | { readonly kind: "delete-stream"; readonly stream: string }
  /** `limits` are all limits that hold from now on, not the difference. */
  | { readonly kind: "update-stream"; readonly stream: string; readonly limits?: StreamLimits; readonly config?: string }
  | { readonly kind: "purge"; readonly stream: string; readonly filter?: string; readonly below?: string; readonly keep?: number }
  | { readonly kind: "delete-message"; readonly stream: string; readonly seq: string }
  | { readonly kind: "create-consumer"; readonly stream: string; readonly consumer: string; readonly settings?: ConsumerSettings }
  | { readonly kind: "delete-consumer"; readonly stream: string; readonly consumer: string }
  /** Acknowledgement of one delivered message; `confirmed` asks the server to answer (double ack). */
  | { readonly kind: "ack"; readonly stream: string; readonly consumer: string; readonly seq: string; readonly confirmed: boolean }
  /** `-NAK`: deliver it again, at once or after `delayMs`. */
  | { readonly kind: "nak"; readonly stream: string; readonly consumer: string; readonly seq: string; readonly delayMs?: number }
  /** `+TERM`: never deliver it again. */
  | { readonly kind: "term"; readonly stream: string; readonly consumer: string; readonly seq: string }
  /** `+WPI`: its acknowledgement wait begins anew. */
  | { readonly kind: "in-progress"; readonly stream: string; readonly consumer: string; readonly seq: string };

/** One message, as a publish and each place of a batch hold it. */
export interface PublishedMessage {
  readonly subject: string;
  readonly digest: string;
  readonly msgId?: string;
  /** Compare and set: `Nats-Expected-Last-Sequence`. */
  readonly expectLastSeq?: string;
  /** Compare and set: `Nats-Expected-Last-Subject-Sequence`; `0` says that there is no message of the subject (a key-value create). */
  readonly expectLastSubjectSeq?: string;
  /** `Nats-Expected-Last-Subject-Sequence-Subject`: the filter whose last sequence is meant; the message's own subject when absent. */
  readonly expectLastSubjectFilter?: string;
  /** `Nats-Expected-Last-Msg-Id`. */
  readonly expectLastMsgId?: string;
  /** `Nats-Rollup`: replaces what stood before it, of its subject or of the whole stream. */
  readonly rollup?: "subject" | "all";
  /** `Nats-TTL`: the message removes itself so long after it was stored. */
  readonly ttlMs?: number;
  /** `KV-Operation`: a delete or purge marker of a key. For the server, and for every check, a message like any other. */
  readonly marker?: "delete" | "purge";
  /** Headers and payload together; needed to judge a run with `limits.maxBytes`. */
  readonly bytes?: number;
}

/** The completion gives the acknowledged `seq`, and `duplicate` when the server called it one. */
export interface PublishOperation extends PublishedMessage {
  readonly kind: "publish";
  readonly stream: string;
}

/**
 * An atomic batch (`Nats-Batch-Id`): all of `messages` in this order or none. One operation, from the first byte of its first message to the
 * answer of its commit; `seq` of the completion is the commit's, which is the sequence of the last message, and the others lie right below it.
 * Every check sees it as that many publishes too (`History.of("publish")`).
 */
export interface BatchOperation {
  readonly kind: "publish-batch";
  readonly stream: string;
  readonly batch: string;
  readonly messages: readonly PublishedMessage[];
}

/**
 * Reads one message: the last of `subject` (or of a filter), or the one at `seq`; exactly one of the two is given. `direct` asks `$JS.API.DIRECT.GET`. The completion is `ok`
 * with `message` when there is one, `ok` with `absent` when the server says that there is none, and `fail` for every other error, which tells nothing.
 */
export interface GetOperation {
  readonly kind: "get";
  readonly stream: string;
  readonly subject?: string;
  readonly seq?: string;
  readonly direct?: boolean;
}

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

/** What a consumer is asked for, as far as its deliveries are judged by it. A run whose consumers give no settings has no judged deliveries. */
export interface ConsumerSettings {
  /** Everything of the stream when absent. */
  readonly filters?: readonly string[];
  readonly ackPolicy: "none" | "all" | "explicit";
  /** A message is delivered again no earlier than this after its last delivery. */
  readonly ackWaitMs: number;
  /** Absent, or -1 on the wire: no bound. */
  readonly maxDeliver?: number;
  /** Where it begins: with the first message the stream holds (`all`), with what is published later (`new`), or at `startSeq`. */
  readonly deliver: "all" | "new" | { readonly startSeq: string };
}
