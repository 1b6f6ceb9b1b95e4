/** One subscription, and the two kinds of receivers behind it: client connections and services inside the server. */
import type { Message } from "./message.ts";

export interface Receiver {
  /** Takes one message; false when it can't (the connection is closing). Must not throw. */
  deliver(subscription: Subscription, message: Message): boolean;
  /** False when too much waits already; then `work` is marked ready once that has gone. */
  hasRoom?(work: { step(): void }): boolean;
  /** The subscription ended itself with the message it asked for as its last. */
  ended?(subscription: Subscription): void;
}

export class Subscription {
  readonly receiver: Receiver;
  /** latin1, see `subjects.ts`. */
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly sid: Uint8Array;
  /** How many messages it got since it began. */
  delivered = 0;
  /** Ends itself with this many messages; 0 = never. */
  max = 0;
  /** Matches found before it ended may still hold it. */
  closed = false;

  constructor(receiver: Receiver, pattern: string, queue: string | undefined, sid: Uint8Array) {
    this.receiver = receiver;
    this.pattern = pattern;
    this.queue = queue;
    this.sid = sid;
  }
}

export interface QueueGroup {
  readonly name: string;
  readonly members: readonly Subscription[];
}

/** Who gets a message. Never changed once made: a change of subscriptions makes a new one. */
export interface Matches {
  readonly plain: readonly Subscription[];
  /** One entry a group name, even when its members subscribe to different overlapping patterns. */
  readonly queues: readonly QueueGroup[];
}

export const NO_MATCHES: Matches = { plain: [], queues: [] };
