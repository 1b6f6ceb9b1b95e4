/**
 * One subscription and what arrived on it unread. Unread messages are bounded in number and bytes; beyond that the subscription ends with
 * `WIRE_OVERFLOW`. A loss of the connection rejects waiting readers after the messages that had already arrived.
 */
import { withDeadline } from "./deadline.ts";
import { WireError } from "./errors.ts";
import { type Message, messageOf } from "./message.ts";
import type { MessageFrame } from "./parser.ts";

export interface SubscribeOptions {
  readonly queue?: string;
  /** The server ends the subscription after this many messages. */
  readonly max?: number;
  /** Called for each message at once; nothing is queued then. */
  readonly onMessage?: (message: Message) => void;
  /** Called with the positions of each message in the read buffer, valid during the call only: no object is made. For load. */
  readonly onFrame?: (frame: MessageFrame, receivedAtMs: number) => void;
}

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: WireError) => void;
}

const unreadMessagesMax = 1_000_000;
const unreadBytesMax = 256 * 1024 * 1024;
const defaultTimeoutMs = 5000;

export class Subscription implements AsyncIterable<Message> {
  readonly sid: string;
  readonly subject: string;
  readonly #options: SubscribeOptions;
  readonly #unsubscribe: (subscription: Subscription, max?: number) => void;
  #unread: Message[] = [];
  /** Index of the oldest unread message; shifting an array a message costs more. */
  #first = 0;
  #unreadBytes = 0;
  #waiters: Waiter[] = [];
  #received = 0;
  #max: number;
  #ended: WireError | undefined;

  constructor(options: {
    sid: string;
    subject: string;
    options: SubscribeOptions;
    unsubscribe: (subscription: Subscription, max?: number) => void;
  }) {
    this.sid = options.sid;
    this.subject = options.subject;
    this.#options = options.options;
    this.#unsubscribe = options.unsubscribe;
    this.#max = options.options.max ?? Number.POSITIVE_INFINITY;
  }

  /** Messages that arrived and were not read. */
  get pending(): number {
    return this.#unread.length - this.#first;
  }

  /** Messages that arrived since the subscription began. */
  get received(): number {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#ended !== undefined;
  }

  /** The next message. Rejects with `WIRE_TIMEOUT`, or with the reason why nothing comes any more. */
  next(options: { timeoutMs?: number } = {}): Promise<Message> {
    const message = this.#shift();
    if (message !== undefined) {
      return Promise.resolve(message);
    }
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const waiter = { resolve, reject };
    this.#waiters.push(waiter);
    return withDeadline(promise, {
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      what: `no message on ${this.subject}`,
      onTimeout: () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      },
    });
  }

  /** Ends when the subscription does; throws when the connection was lost or the unread messages overflowed. Has no deadline of its own. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    try {
      while (true) {
        const message = this.#shift();
        if (message !== undefined) {
          yield message;
          continue;
        }
        if (this.#ended !== undefined) {
          break;
        }
        await new Promise<void>((resolve) => {
          this.#waiters.push({ resolve: (arrived) => resolve(this.#putBack(arrived)), reject: () => resolve() });
        });
      }
    } finally {
      this.unsubscribe();
    }
    if (this.#ended !== undefined && this.#ended.code !== "WIRE_CLOSED") {
      throw this.#ended;
    }
  }

  /** Without `max` at once; with it after that many messages since the beginning. */
  unsubscribe(max?: number): void {
    if (this.#ended !== undefined) {
      return;
    }
    if (max === undefined || max <= this.#received) {
      this.#unsubscribe(this);
      this.end(new WireError("WIRE_CLOSED", `the subscription to ${this.subject} was ended`));
      return;
    }
    this.#max = max;
    this.#unsubscribe(this, max);
  }

  /** Called by the connection. Returns true when this was the last message. */
  deliver(frame: MessageFrame, receivedAtMs: number): boolean {
    this.#received++;
    const { onFrame, onMessage } = this.#options;
    if (onFrame !== undefined) {
      onFrame(frame, receivedAtMs);
    } else if (onMessage === undefined) {
      this.#enqueue(messageOf(frame, receivedAtMs));
    } else {
      onMessage(messageOf(frame, receivedAtMs));
    }
    if (this.#received < this.#max) {
      return false;
    }
    this.end(new WireError("WIRE_CLOSED", `the subscription to ${this.subject} reached its ${this.#max} messages`));
    return true;
  }

  /** Called by the connection when nothing more can come. */
  end(reason: WireError): void {
    if (this.#ended !== undefined) {
      return;
    }
    this.#ended = reason;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.reject(reason);
    }
  }

  #enqueue(message: Message): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(message);
      return;
    }
    this.#unread.push(message);
    this.#unreadBytes += sizeOf(message);
    if (this.pending > unreadMessagesMax || this.#unreadBytes > unreadBytesMax) {
      this.#unsubscribe(this);
      this.end(new WireError("WIRE_OVERFLOW", `${this.pending} messages on ${this.subject} were not read`));
    }
  }

  #shift(): Message | undefined {
    const message = this.#unread[this.#first];
    if (message === undefined) {
      return undefined;
    }
    this.#first++;
    this.#unreadBytes -= sizeOf(message);
    if (this.#first === this.#unread.length || this.#first >= 1024) {
      this.#unread.splice(0, this.#first);
      this.#first = 0;
    }
    return message;
  }

  #putBack(message: Message): void {
    this.#unread.splice(this.#first, 0, message);
    this.#unreadBytes += sizeOf(message);
  }
}

function sizeOf(message: Message): number {
  return message.payload.byteLength + message.headerBytes.byteLength;
}
