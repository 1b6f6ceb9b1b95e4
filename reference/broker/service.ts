/**
 * What services inside the server (JetStream, the system requests) ask of the broker. A service is a subscriber without a socket:
 * the broker calls it synchronously while it routes a message, and the service publishes through the same routing.
 *
 * Everything a service emits that shows JetStream state names the store epoch it shows (`epoch`); the broker keeps those bytes, and
 * whatever follows them on the same connection, until that epoch is durable. Epoch 0 means "shows nothing undurable".
 */
import type { Subject } from "../store/stream-store.ts";

/** A message in flight. One object is reused for all messages: copy what must outlive the call. */
export interface InboundMessage {
  /** Interned: the same subject text is the same object. */
  readonly subject: Subject;
  /** The bytes that hold subject, reply, headers and payload; only valid during the call. */
  readonly buffer: Uint8Array;
  /** For handlers that read the subject's bytes: asking for `subject` puts it into a table. */
  readonly subjectStart: number;
  readonly subjectEnd: number;
  /** Empty range when there is no reply. */
  readonly replyStart: number;
  readonly replyEnd: number;
  readonly headersStart: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
  /** Decodes the reply subject; undefined when there is none. Hot paths use the range instead. */
  replyText(): string | undefined;
  readonly account: Account;
  /** undefined for messages published by a service. */
  readonly client: ClientIdentity | undefined;
}

export interface ClientIdentity {
  readonly id: number;
  readonly name: string | undefined;
  readonly user: string | undefined;
  readonly host: string;
  readonly lang: string | undefined;
  readonly version: string | undefined;
  readonly startedNs: bigint;
}

export interface ServiceSubscription {
  unsubscribe(): void;
}

export type ServiceHandler = (message: InboundMessage) => boolean | void;

export interface OutboundMessage {
  readonly subject: string | Uint8Array;
  readonly reply?: string | Uint8Array;
  /** A complete header block, or nothing. */
  readonly headers?: Uint8Array;
  readonly payload: Uint8Array;
  readonly epoch: number;
}

/** One account's subject space as a service sees it. The default account is `$G`. */
export interface Account {
  readonly name: string;
  /**
   * `queue` makes the service one member of that queue group. `handle` must not throw. When it returns false the message counts as
   * not received here, as if the service were not subscribed: with no other receiver the publisher learns that nobody is there.
   */
  subscribe(pattern: string, handle: ServiceHandler, options?: { queue?: string }): ServiceSubscription;
  /** Routes to clients and services; true when somebody received it. */
  publish(message: OutboundMessage): boolean;
  /**
   * Answers `request` on its reply subject; a no-op without one. The fast path for publish acknowledgements: the reply bytes are read
   * from the request's buffer and the route is cached by inbox prefix, so nothing is allocated.
   */
  respond(request: InboundMessage, payload: Uint8Array, epoch: number): void;
  /** Is anybody subscribed to this literal subject? */
  hasInterest(subject: string): boolean;
  /**
   * A kept route to one literal subject (a pull request's inbox, a deliver subject), for delivering many messages without looking it up
   * each time. `alive()` is false once nobody is subscribed.
   */
  route(subject: string): Route;
  /**
   * Watches for subscriptions to exactly this literal subject: members of `queue`, or plain ones without it. `changed` is called whenever
   * the first one came or the last one went, in the middle of that change: it only takes note.
   */
  watch(subject: string, options: { queue: string | undefined; changed: () => void }): InterestWatch;
}

export interface InterestWatch {
  readonly present: boolean;
  end(): void;
}

export interface Route {
  readonly subject: string;
  alive(): boolean;
  /**
   * Do the receivers take more? When one of them has too much waiting already, the answer is false and `work` is marked ready as soon as
   * that one has caught up. Who delivers in a loop asks before each message: then a long answer follows its reader instead of ending
   * the reader's connection as a slow consumer.
   */
  hasRoom?(work: { step(): void }): boolean;
  /**
   * Delivers one message: `subject` is what the receiver sees (the stream subject for pulls), `reply` the ack subject. The ranges are copied into the
   * connection's output buffer during the call. False when nobody received it.
   */
  deliver(delivery: Delivery): boolean;
}

export interface Delivery {
  readonly subject: Uint8Array;
  readonly reply: Uint8Array;
  readonly buffer: Uint8Array;
  readonly headersStart: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
  readonly epoch: number;
}
