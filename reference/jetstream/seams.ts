/**
 * The seam between streams and consumers, and between both and the server around them. A stream knows its consumers only as
 * `AttachedConsumer`, a consumer knows its stream only as `HostStream`.
 */
import type { Account } from "../broker/service.ts";
import type { Clock, Random } from "../ports.ts";
import type { Store, StoredStream, StreamStore, Subject, SubjectFilter } from "../store/stream-store.ts";
import type { Int64 } from "./json/decode.ts";
import type { WireSequences } from "./wire-sequences.ts";

export type Retention = "limits" | "interest" | "workqueue";

/** What every part of JetStream in one account shares. */
export interface JetStreamContext {
  readonly account: Account;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly domain: string | undefined;
  /** Server limits that cap consumers; undefined = none. */
  readonly limits: {
    readonly maxAckPending: number | undefined;
    readonly maxRequestBatch: number | undefined;
    /** Consumers of a stream that sets no limit itself: undefined = 1000, the official default; -1 = no limit. */
    readonly maxConsumers?: number | undefined;
  };
  /** Publishes an advisory (`$JS.EVENT.ADVISORY.<suffix>`) when somebody listens; `fields` come after type, id and timestamp. */
  advise(suffix: string, type: string, fields: Record<string, unknown>): void;
  /** Runs `work.step()` once before this turn commits; marking twice is one step. */
  markReady(work: TurnWork): void;
}

export interface TurnWork {
  step(): void;
}

/** A stream as its consumers see it. */
export interface HostStream {
  readonly context: JetStreamContext;
  readonly name: string;
  readonly retention: Retention;
  readonly subjects: readonly string[];
  readonly createdNs: bigint;
  readonly consumerLimits: { readonly inactive_threshold: number | undefined; readonly max_ack_pending: number | undefined };
  readonly maxConsumers: number;
  /** The stream's `max_msg_size`; undefined = none. */
  readonly messageBytesMax?: number | undefined;
  readonly stored: StoredStream;
  readonly messages: StreamStore;
  /** What sequences of `messages` are called on the wire. */
  readonly sequences: WireSequences;
  readonly consumers: ReadonlyMap<string, AttachedConsumer>;
  /** `consumer` is done with the message: workqueue and interest retention may remove it now. */
  acknowledged(consumer: AttachedConsumer, sequence: number): void;
  /** Same for every message up to and including `sequence` that the consumer's filter matches. */
  acknowledgedThrough(consumer: AttachedConsumer, sequence: number): void;
  attach(consumer: AttachedConsumer): void;
  /** Deleting a consumer may release interest. */
  detach(consumer: AttachedConsumer): void;
  /** After a consumer's filter changed: interest retention drops what nobody needs any more. `before` is the old filter. */
  interestChanged?(before: SubjectFilter): void;
}

/** A consumer as its stream sees it. */
export interface AttachedConsumer {
  readonly name: string;
  readonly filter: SubjectFilter;
  /** What a change of the stream's consumer limits must not undercut; nanoseconds and messages. */
  readonly limits?: { readonly inactive_threshold: Int64 | undefined; readonly max_ack_pending: Int64 | undefined };
  /** A message was stored: if it matches and somebody waits, `context.markReady(this)`. */
  messageStored(sequence: number, subject: Subject): void;
  /** A message went away by limit, delete, TTL or rollup: it must not stay pending. */
  messageRemoved(sequence: number): void;
  /** Everything below `firstSequence` (matching `filter` when given) was purged. */
  purged(firstSequence: number, filter: SubjectFilter | undefined): void;
  /** Interest retention: is this stored message still to be delivered to or acknowledged by this consumer? */
  needs(sequence: number, subject: Subject): boolean;
  /** Waiting pulls get `409 Consumer Deleted`, timers end. Durable state is deleted by the caller. */
  close(reason: "consumer-deleted" | "stream-deleted" | "shutdown"): void;
}
