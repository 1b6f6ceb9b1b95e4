/** One account: its subject space, and the routing of every message published in it. */

import type { Random } from "../ports.ts";
import { HeadRoutes } from "./head-routes.ts";
import { InterestWatches } from "./interest-watches.ts";
import type { InternedSubject } from "./interned-subject.ts";
import { Message } from "./message.ts";
import { ReplyRoutes } from "./reply-routes.ts";
import type {
  Account,
  Delivery,
  InboundMessage,
  InterestWatch,
  OutboundMessage,
  Route,
  ServiceHandler,
  ServiceSubscription,
} from "./service.ts";
import { SubjectTable } from "./subject-table.ts";
import { isValidPattern, octetText } from "./subjects.ts";
import { type Matches, type QueueGroup, type Receiver, Subscription } from "./subscription.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

const NO_OCTETS = Buffer.alloc(0);
const DOLLAR = 0x24;

export class BrokerAccount implements Account {
  readonly name: string;
  readonly index = new SubscriptionIndex();
  readonly subjects = new SubjectTable();
  /** A service threw while it was handed a message; set once by the server. */
  onServiceFailure: ((error: unknown) => void) | undefined;
  readonly #heads = new HeadRoutes(this.index);
  readonly #replies = new ReplyRoutes(this.index);
  readonly #watches = new InterestWatches(this.index);
  readonly #random: Random;
  /** Messages of services, one for each level of publishing inside publishing. */
  readonly #pool: Message[] = [];
  #poolDepth = 0;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#random = random;
  }

  subscribe(pattern: string, handle: ServiceHandler, options?: { queue?: string }): ServiceSubscription {
    const octets = octetText(pattern);
    if (!isValidPattern(octets)) {
      throw new RangeError(`a service subscribed to the invalid pattern "${pattern}"`);
    }
    const receiver = new ServiceReceiver(this, handle);
    const subscription = new Subscription(receiver, octets, options?.queue === undefined ? undefined : octetText(options.queue), NO_OCTETS);
    this.add(subscription);
    return { unsubscribe: () => this.remove(subscription) };
  }

  add(subscription: Subscription): void {
    this.index.add(subscription);
    this.#watches.subscriptionsChanged(subscription.pattern);
  }

  remove(subscription: Subscription): void {
    if (!subscription.closed) {
      subscription.closed = true;
      this.index.remove(subscription);
      this.#watches.subscriptionsChanged(subscription.pattern);
    }
  }

  /** What a client published. `skipped` is the publisher when it asked not to hear itself. True when somebody received it. */
  publishFrame(message: Message, skipped: Receiver | undefined): boolean {
    message.renewed();
    const { buffer, subjectStart, subjectEnd } = message;
    const known = buffer[subjectStart] === DOLLAR ? this.#heads.find(buffer, subjectStart, subjectEnd) : undefined;
    return this.#route(known ?? this.#matchesOf(message.subject), message, skipped);
  }

  publish(message: OutboundMessage): boolean {
    const subject = octetsOf(message.subject);
    const reply = message.reply === undefined ? NO_OCTETS : octetsOf(message.reply);
    const headers = message.headers;
    const outgoing = this.#take(message.epoch);
    outgoing.subjectOctets = subject;
    outgoing.subjectStart = 0;
    outgoing.subjectEnd = subject.length;
    outgoing.replyOctets = reply;
    outgoing.replyStart = 0;
    outgoing.replyEnd = reply.length;
    const body = headers === undefined || headers.length === 0 ? message.payload : Buffer.concat([headers, message.payload]);
    setBody(outgoing, body, 0, headers?.length ?? 0, body.length);
    const received = this.#route(this.#replies.find(subject, 0, subject.length), outgoing, undefined);
    this.#giveBack();
    return received;
  }

  respond(request: InboundMessage, payload: Uint8Array, epoch: number): void {
    const { buffer, replyStart, replyEnd } = request;
    if (replyEnd === replyStart) {
      return;
    }
    const outgoing = this.#take(epoch);
    outgoing.subjectOctets = buffer;
    outgoing.subjectStart = replyStart;
    outgoing.subjectEnd = replyEnd;
    outgoing.replyStart = 0;
    outgoing.replyEnd = 0;
    setBody(outgoing, payload, 0, 0, payload.length);
    this.#route(this.#replies.find(buffer, replyStart, replyEnd), outgoing, undefined);
    this.#giveBack();
  }

  hasInterest(subject: string): boolean {
    return isReceived(this.#matchesOf(this.subjects.internText(subject)));
  }

  route(subject: string): Route {
    const interned = this.subjects.internText(subject);
    return {
      subject,
      alive: () => isReceived(this.#matchesOf(interned)),
      hasRoom: (work) => this.#hasRoom(interned, work),
      deliver: (delivery) => this.#deliver(interned, delivery),
    };
  }

  watch(subject: string, options: { queue: string | undefined; changed: () => void }): InterestWatch {
    return this.#watches.watch(subject, options);
  }

  /** The receiver's own plain subscription that a message on this subject would reach. */
  ownSubscription(receiver: Receiver, bytes: Uint8Array, start: number, end: number): Subscription | undefined {
    return this.#replies.find(bytes, start, end).plain.find((each) => each.receiver === receiver && !each.closed);
  }

  #hasRoom(route: InternedSubject, work: { step(): void }): boolean {
    const { plain, queues } = this.#matchesOf(route);
    for (let at = 0; at < plain.length; at++) {
      if (plain[at]!.receiver.hasRoom?.(work) === false) {
        return false;
      }
    }
    // One member of a group that takes more is enough.
    return queues.every(({ members }) => members.some(({ receiver }) => receiver.hasRoom?.(work) !== false));
  }

  #deliver(route: InternedSubject, delivery: Delivery): boolean {
    const outgoing = this.#take(delivery.epoch);
    outgoing.subjectOctets = delivery.subject;
    outgoing.subjectStart = 0;
    outgoing.subjectEnd = delivery.subject.length;
    outgoing.replyOctets = delivery.reply;
    outgoing.replyStart = 0;
    outgoing.replyEnd = delivery.reply.length;
    setBody(outgoing, delivery.buffer, delivery.headersStart, delivery.payloadStart, delivery.payloadEnd);
    const received = this.#route(this.#matchesOf(route), outgoing, undefined);
    this.#giveBack();
    return received;
  }

  #matchesOf(subject: InternedSubject): Matches {
    const stamp = this.index.stamp(subject.bucket);
    if (subject.matchesStamp !== stamp) {
      subject.matches = this.index.match(subject.bytes.toString("latin1")).matches;
      subject.matchesStamp = stamp;
    }
    return subject.matches;
  }

  #route(matches: Matches, message: Message, skipped: Receiver | undefined): boolean {
    let received = false;
    const plain = matches.plain;
    for (let at = 0; at < plain.length; at++) {
      const subscription = plain[at]!;
      if (subscription.receiver !== skipped && this.#hand(subscription, message)) {
        received = true;
      }
    }
    const queues = matches.queues;
    for (let at = 0; at < queues.length; at++) {
      if (this.#handToGroup(queues[at]!, message, skipped)) {
        received = true;
      }
    }
    return received;
  }

  /** One member gets it: a random one, or the next that can take it. */
  #handToGroup(group: QueueGroup, message: Message, skipped: Receiver | undefined): boolean {
    const members = group.members;
    const first = members.length === 1 ? 0 : this.#random.below(members.length);
    for (let step = 0; step < members.length; step++) {
      const member = members[(first + step) % members.length]!;
      if (member.receiver !== skipped && this.#hand(member, message)) {
        return true;
      }
    }
    return false;
  }

  #hand(subscription: Subscription, message: Message): boolean {
    if (subscription.closed || !subscription.receiver.deliver(subscription, message)) {
      return false;
    }
    subscription.delivered++;
    if (subscription.max > 0 && subscription.delivered >= subscription.max) {
      this.remove(subscription);
      subscription.receiver.ended?.(subscription);
    }
    return true;
  }

  #take(epoch: number): Message {
    let message = this.#pool[this.#poolDepth];
    if (message === undefined) {
      message = new Message(this, undefined);
      message.fromService = true;
      this.#pool.push(message);
    }
    this.#poolDepth++;
    message.epoch = epoch;
    return message;
  }

  #giveBack(): void {
    this.#poolDepth--;
    const message = this.#pool[this.#poolDepth]!;
    // The pool must not keep somebody's large buffer alive.
    message.buffer = NO_OCTETS;
    message.subjectOctets = NO_OCTETS;
    message.replyOctets = NO_OCTETS;
  }
}

/** Hands messages to a service inside the server. What another service published is first laid out in one buffer, as clients' messages are. */
class ServiceReceiver implements Receiver {
  readonly #account: BrokerAccount;
  readonly #handle: ServiceHandler;

  constructor(account: BrokerAccount, handle: ServiceHandler) {
    this.#account = account;
    this.#handle = handle;
  }

  deliver(_subscription: Subscription, message: Message): boolean {
    try {
      return this.#handle(message.fromService ? this.#inOneBuffer(message) : message) !== false;
    } catch (error) {
      // A client's message must not end the server, and the service must not go on with half a change: the server decides.
      if (this.#account.onServiceFailure === undefined) {
        throw error;
      }
      this.#account.onServiceFailure(error);
      return true;
    }
  }

  #inOneBuffer(message: Message): Message {
    const whole = new Message(this.#account, undefined);
    whole.buffer = Buffer.concat([
      message.subjectOctets.subarray(message.subjectStart, message.subjectEnd),
      message.replyOctets.subarray(message.replyStart, message.replyEnd),
      message.buffer.subarray(message.headersStart, message.payloadEnd),
    ]);
    whole.subjectOctets = whole.buffer;
    whole.replyOctets = whole.buffer;
    whole.subjectEnd = message.subjectEnd - message.subjectStart;
    whole.replyStart = whole.subjectEnd;
    whole.replyEnd = whole.replyStart + message.replyEnd - message.replyStart;
    whole.headersStart = whole.replyEnd;
    whole.payloadStart = whole.headersStart + message.payloadStart - message.headersStart;
    whole.payloadEnd = whole.buffer.length;
    whole.epoch = message.epoch;
    return whole;
  }
}

function setBody(message: Message, bytes: Uint8Array, headersStart: number, payloadStart: number, payloadEnd: number): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only read by index and `subarray` until `#inOneBuffer` copies it; a view would cost an allocation a message
  message.buffer = bytes as Buffer;
  message.headersStart = headersStart;
  message.payloadStart = payloadStart;
  message.payloadEnd = payloadEnd;
}

function octetsOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text, "utf8") : text;
}

function isReceived(matches: Matches): boolean {
  return matches.plain.length > 0 || matches.queues.length > 0;
}
