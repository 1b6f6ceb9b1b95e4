/**
 * A stage for consumer tests: JetStream on a virtual clock, a store and an account that is a plain list of subscriptions. Turns are
 * explicit: `turn()` runs what was marked ready and commits, as the server does at the end of a turn.
 */
import type {
  Account,
  Delivery,
  InboundMessage,
  InterestWatch,
  OutboundMessage,
  Route,
  ServiceHandler,
  ServiceSubscription,
} from "../broker/service.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { openMemoryOnlyStore } from "../store/memory-store.ts";
import type { RecoveredStream, Store, Subject } from "../store/stream-store.ts";
import { compileFilter } from "../store/subject-filter.ts";
import { createJetStream, type JetStream } from "./index.ts";
import type { TurnWork } from "./seams.ts";

export interface Received {
  readonly subject: string;
  readonly reply: string;
  readonly headers: string;
  readonly payload: string;
  readonly epoch: number;
}

interface Subscription {
  readonly pattern: string;
  readonly matches: (subject: string) => boolean;
  readonly handle: ServiceHandler;
}

const nothing = new Uint8Array(0);
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

class StageAccount implements Account {
  readonly name = "$G";
  readonly subscriptions = new Set<Subscription>();
  readonly inboxes = new Map<string, Received[]>();
  /** Inboxes whose reader is slow, with the work that waits for it. */
  readonly crowded = new Map<string, TurnWork | undefined>();
  readonly #subjects = new Map<string, Subject>();
  readonly #watches = new Set<() => void>();

  subscribe(pattern: string, handle: ServiceHandler): ServiceSubscription {
    const filter = compileFilter([pattern]);
    const subscription: Subscription = { pattern, handle, matches: (subject) => filter.matches(subject) };
    this.subscriptions.add(subscription);
    return { unsubscribe: () => void this.subscriptions.delete(subscription) };
  }

  publish({ subject, reply, headers = nothing, payload, epoch }: OutboundMessage): boolean {
    const text = typeof subject === "string" ? subject : decode(subject);
    const replyText = reply === undefined ? "" : typeof reply === "string" ? reply : decode(reply);
    return this.route(text).deliver({
      subject: encode(text),
      reply: encode(replyText),
      buffer: Buffer.concat([headers, payload]),
      headersStart: 0,
      payloadStart: headers.length,
      payloadEnd: headers.length + payload.length,
      epoch,
    });
  }

  respond(request: InboundMessage, payload: Uint8Array, epoch: number): void {
    const subject = request.replyText();
    if (subject !== undefined) {
      this.publish({ subject, payload, epoch });
    }
  }

  hasInterest(subject: string): boolean {
    return this.inboxes.has(subject) || [...this.subscriptions].some(({ matches }) => matches(subject));
  }

  route(subject: string): Route {
    return {
      subject,
      alive: () => this.hasInterest(subject),
      hasRoom: (work) => {
        if (this.crowded.has(subject)) {
          this.crowded.set(subject, work);
        }
        return !this.crowded.has(subject);
      },
      deliver: (delivery) => this.#deliver(subject, delivery),
    };
  }

  /** The stage knows plain subscriptions only. */
  watch(subject: string, { queue, changed }: { queue: string | undefined; changed: () => void }): InterestWatch {
    const { inboxes } = this;
    const isPresent = (): boolean => queue === undefined && inboxes.has(subject);
    let wasPresent = isPresent();
    const look = (): void => {
      if (isPresent() !== wasPresent) {
        wasPresent = isPresent();
        changed();
      }
    };
    this.#watches.add(look);
    return {
      get present() {
        return isPresent();
      },
      end: () => void this.#watches.delete(look),
    };
  }

  inboxesChanged(): void {
    for (const look of this.#watches) {
      look();
    }
  }

  /** A client's message. */
  send(subject: string, payload: string, options: { reply?: string; headers?: string } = {}): void {
    this.#handle(subject, { reply: options.reply ?? "", headers: encode(options.headers ?? ""), payload: encode(payload) });
  }

  #deliver(subject: string, { subject: shown, reply, buffer, headersStart, payloadStart, payloadEnd, epoch }: Delivery): boolean {
    const inbox = this.inboxes.get(subject);
    if (inbox !== undefined) {
      const headers = decode(buffer.subarray(headersStart, payloadStart));
      const payload = decode(buffer.subarray(payloadStart, payloadEnd));
      inbox.push({ subject: decode(shown), reply: decode(reply), headers, payload, epoch });
      return true;
    }
    const headers = buffer.slice(headersStart, payloadStart);
    return this.#handle(subject, { reply: decode(reply), headers, payload: buffer.slice(payloadStart, payloadEnd) });
  }

  #handle(subject: string, { reply, headers, payload }: { reply: string; headers: Uint8Array; payload: Uint8Array }): boolean {
    const handlers = [...this.subscriptions].filter(({ matches }) => matches(subject));
    const replyBytes = encode(reply);
    const interned = this.#intern(subject);
    const subjectEnd = interned.bytes.length;
    const replyEnd = subjectEnd + replyBytes.length;
    const buffer = Buffer.concat([interned.bytes, replyBytes, headers, payload]);
    let taken = false;
    for (const { handle } of handlers) {
      const answer = handle({
        subject: interned,
        buffer,
        subjectStart: 0,
        subjectEnd,
        replyStart: subjectEnd,
        replyEnd,
        headersStart: replyEnd,
        payloadStart: replyEnd + headers.length,
        payloadEnd: buffer.length,
        replyText: () => (reply === "" ? undefined : reply),
        account: this,
        client: undefined,
      });
      taken ||= answer !== false;
    }
    return taken;
  }

  #intern(text: string): Subject {
    const known = this.#subjects.get(text) ?? { text, bytes: encode(text) };
    this.#subjects.set(text, known);
    return known;
  }
}

export class Stage {
  readonly account = new StageAccount();
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly jetStream: JetStream;
  #ready: TurnWork[] = [];
  #requests = 0;

  constructor({ store = openMemoryOnlyStore(), clock = new VirtualClock(), recovered = [] }: StageParts = {}) {
    this.store = store;
    this.clock = clock;
    this.jetStream = createJetStream({
      account: this.account,
      clock: this.clock,
      random: new SeededRandom(7),
      store: this.store,
      recovered,
      domain: undefined,
      server: { name: "stage", version: "2.15.2" },
      limits: {},
      markReady: (work) => {
        if (!this.#ready.includes(work)) {
          this.#ready.push(work);
        }
      },
    });
  }

  /** Runs what is ready, each work once, then commits; what is marked again waits for the next turn. */
  turn(): void {
    const stepped = new Set<TurnWork>();
    const later: TurnWork[] = [];
    for (let work = this.#ready.shift(); work !== undefined; work = this.#ready.shift()) {
      if (stepped.has(work)) {
        later.push(work);
        continue;
      }
      stepped.add(work);
      work.step();
    }
    this.#ready = later;
    this.store.commit();
  }

  /** Lets time pass; every timer gets a turn of its own. */
  pass(ms: number): void {
    const stepMs = Math.max(ms / 100, 1);
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      this.turn();
    }
  }

  inbox(subject: string): Received[] {
    const received = this.account.inboxes.get(subject) ?? [];
    this.account.inboxes.set(subject, received);
    this.account.inboxesChanged();
    return received;
  }

  /** Nobody listens on the subject any more. */
  leave(subject: string): void {
    this.account.inboxes.delete(subject);
    this.account.inboxesChanged();
  }

  /** An API request below `$JS.API.`; the parsed answer. */
  api(subject: string, request?: unknown): Record<string, unknown> {
    const answer: Record<string, unknown> = JSON.parse(
      this.request(`$JS.API.${subject}`, request === undefined ? "" : JSON.stringify(request)),
    );
    return answer;
  }

  /** The payload of the answer; throws when there is none. */
  request(subject: string, payload: string): string {
    const [answer] = this.ask(subject, payload);
    if (answer === undefined) {
      throw new Error(`no answer on ${subject}`);
    }
    return answer.payload;
  }

  /** Everything that answers within this turn. */
  ask(subject: string, payload: string): Received[] {
    this.#requests += 1;
    const reply = `_INBOX.stage.${this.#requests}`;
    const answers = this.inbox(reply);
    this.account.send(subject, payload, { reply });
    this.turn();
    return answers;
  }

  stream(name: string, config: Record<string, unknown> = {}): void {
    const answer = this.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], storage: "memory", ...config });
    if (answer["error"] !== undefined) {
      throw new Error(JSON.stringify(answer["error"]));
    }
  }

  publish(subject: string, payload = "x"): void {
    this.account.send(subject, payload);
  }

  consumer(stream: string, config: Record<string, unknown> & { durable_name: string }): Record<string, unknown> {
    return this.api(`CONSUMER.CREATE.${stream}.${config.durable_name}`, {
      stream_name: stream,
      config: { ack_policy: "explicit", ...config },
    });
  }

  info(stream: string, consumer: string): Record<string, unknown> {
    return this.api(`CONSUMER.INFO.${stream}.${consumer}`);
  }

  /** Sends a pull request and gives the inbox that fills from now on. */
  pull(stream: string, consumer: string, request: string | Record<string, unknown>): Received[] {
    this.#requests += 1;
    const reply = `_INBOX.pull.${this.#requests}`;
    const received = this.inbox(reply);
    const body = typeof request === "string" ? request : JSON.stringify(request);
    this.account.send(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, body, { reply });
    this.turn();
    return received;
  }

  /** Acknowledges; the answers to it (an acknowledgement of the acknowledgement is one empty message). */
  ack(message: Received | undefined, verb = ""): Received[] {
    if (message === undefined) {
      throw new Error("nothing was received that could be acknowledged");
    }
    return this.ask(message.reply, verb);
  }
}

export interface StageParts {
  readonly store?: Store;
  readonly clock?: VirtualClock;
  readonly recovered?: readonly RecoveredStream[];
}

/** The part of an ack subject that tests look at: deliveries, stream sequence, consumer sequence, pending. */
export function numbersOf(message: Received | undefined): number[] {
  const tokens = (message?.reply ?? "").split(".");
  return [tokens[4], tokens[5], tokens[6], tokens[8]].map(Number);
}

export function statusOf(message: Received | undefined): string {
  return (message?.headers ?? "").split("\r\n")[0] ?? "";
}
