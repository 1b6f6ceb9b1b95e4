/**
 * A script on a server: what it may do, and what it may see. Everything is normalised (times, ids and inboxes differ between two runs),
 * so that two servers can be compared value by value.
 */
import { createInbox, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { printJson } from "./json/print.ts";

export interface Scenario {
  readonly name: string;
  run(session: Session): Promise<unknown>;
}

const patienceMs = 10_000;

/** One stream of one script on one server. */
export class Session {
  readonly stream: string;
  readonly #connection: NatsConnection;
  readonly #storage: string;

  constructor(connection: NatsConnection, { stream, storage }: { stream: string; storage: string }) {
    this.#connection = connection;
    this.stream = stream;
    this.#storage = storage;
  }

  async api(subject: string, body?: unknown): Promise<unknown> {
    const payload = body === undefined ? "" : typeof body === "string" ? body : printJson(body);
    const answer = await this.#connection.request(`$JS.API.${subject}`, payload, { timeout: patienceMs });
    return normalised(parsed(answer.string()));
  }

  /** Creates the stream and fills it: `odd` and `even` in turn. */
  async begin(messages: number, config: Record<string, unknown> = {}): Promise<void> {
    const subjects = [`${this.stream}.>`];
    await this.api(`STREAM.CREATE.${this.stream}`, { name: this.stream, subjects, storage: this.#storage, ...config });
    for (let index = 1; index <= messages; index += 1) {
      await this.publish(index % 2 === 0 ? "even" : "odd", `m${index}`);
    }
  }

  async publish(token: string, payload: string): Promise<void> {
    await this.#connection.request(`${this.stream}.${token}`, payload, { timeout: patienceMs });
  }

  create(config: Record<string, unknown>, request: Record<string, unknown> = {}): Promise<unknown> {
    return this.api(`CONSUMER.CREATE.${this.stream}.C`, {
      stream_name: this.stream,
      config: { durable_name: "C", ack_policy: "explicit", ...config },
      ...request,
    });
  }

  info(): Promise<unknown> {
    return this.api(`CONSUMER.INFO.${this.stream}.C`);
  }

  /** Sends a pull request; what it receives is collected. */
  pull(request: unknown): Pull {
    return this.#collect(`$JS.API.CONSUMER.MSG.NEXT.${this.stream}.C`, typeof request === "string" ? request : JSON.stringify(request));
  }

  /** Acknowledges and asks for more in one message. Deliveries carry their own subject, so this is no request of the client library. */
  async ackAndPull(message: Msg | undefined, verb: string, count: number): Promise<unknown[]> {
    const pull = this.#collect(message?.reply ?? "none", verb);
    await pull.have(count);
    return pull.shown();
  }

  /** Pulls and waits for as many messages and status lines together. */
  async receive(request: unknown, count: number): Promise<Pull> {
    const pull = this.pull(request);
    await pull.have(count);
    return pull;
  }

  /** The answer to an acknowledgement: its body, or that there was none. */
  async ack(message: Msg | undefined, verb = ""): Promise<string> {
    try {
      return (await this.#connection.request(message?.reply ?? "none", verb, { timeout: patienceMs })).string();
    } catch (error) {
      return error instanceof Error ? error.name : "failed";
    }
  }

  /** Everything sent before has been taken in when this returns. */
  async flush(): Promise<void> {
    await this.#connection.flush();
    await this.info();
  }

  /** Where the push consumers of this script deliver. */
  get target(): string {
    return `to.${this.stream}.here`;
  }

  /** Subscribes where push consumers deliver, or to a pattern around it. */
  async bind({ pattern = this.target, queue }: { pattern?: string; queue?: string } = {}): Promise<Pull> {
    const pull = new Pull(this.#connection.subscribe(pattern, queue === undefined ? {} : { queue }));
    await this.#connection.flush();
    return pull;
  }

  /** Like `create`, for a consumer that delivers to `target`. */
  createPush(config: Record<string, unknown> = {}): Promise<unknown> {
    return this.create({ deliver_subject: this.target, ...config });
  }

  infoWhen(isExpected: (info: Record<string, unknown>) => boolean): Promise<unknown> {
    return this.apiWhen(`CONSUMER.INFO.${this.stream}.C`, isExpected);
  }

  /** Asks until the answer is as expected: the official server takes note of some things a moment later. */
  async apiWhen(subject: string, isExpected: (answer: Record<string, unknown>) => boolean): Promise<unknown> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const answer = await this.api(subject);
      if (isRecord(answer) && isExpected(answer)) {
        return answer;
      }
      if (Date.now() > deadline) {
        throw new Error(`${subject} still answers ${JSON.stringify(answer)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The stream's information once it holds so many messages. */
  streamWith(messages: number): Promise<unknown> {
    return this.apiWhen(`STREAM.INFO.${this.stream}`, ({ state }) => isRecord(state) && state["messages"] === messages);
  }

  /** A message without an answer: a flow control answer, or one of many. */
  send(subject: string, payload: string | Uint8Array = ""): void {
    this.#connection.publish(subject, payload);
  }

  #collect(subject: string, payload: string): Pull {
    const inbox = createInbox();
    const pull = new Pull(this.#connection.subscribe(inbox));
    this.#connection.publish(subject, payload, { reply: inbox });
    return pull;
  }

  advisories(kind: string): Pull {
    return new Pull(this.#connection.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.${kind}.${this.stream}.C`));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** What arrives on one subscription. */
export class Pull {
  readonly messages: Msg[] = [];
  readonly #subscription: Subscription;
  #wake: () => void = () => {};

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
    void this.#collect(subscription);
  }

  async #collect(subscription: Subscription): Promise<void> {
    for await (const message of subscription) {
      this.messages.push(message);
      this.#wake();
    }
  }

  async have(count: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (this.messages.length < count) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) {
        throw new Error(`waited for ${count} messages, received ${JSON.stringify(this.shown())}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Takes no more. */
  leave(): void {
    this.#subscription.unsubscribe();
  }

  shown(): unknown[] {
    return this.messages.map(shownMessage);
  }

  events(): unknown[] {
    return this.messages.map((message) => normalised(parsed(message.string())));
  }
}

function shownMessage(message: Msg): unknown {
  const headers =
    message.headers === undefined
      ? []
      : [...message.headers].map(([name, values]) => `${name}: ${name === "Nats-Pin-Id" ? "?" : values.join(",")}`);
  const status =
    message.headers?.hasError === true || (message.headers?.code ?? 0) > 0
      ? `${message.headers?.code} ${message.headers?.description}`
      : "";
  const tokens = (message.reply ?? "").split(".");
  // deliveries, stream sequence, consumer sequence, pending
  const numbers = tokens.length === 9 ? [tokens[4], tokens[5], tokens[6], tokens[8]].join(" ") : "";
  return [status === "" ? message.subject.split(".").slice(1).join(".") : status, numbers, headers, message.string()];
}

/** Numbers beyond 2^53 become text, as parsing would round them. */
function parsed(json: string): unknown {
  return JSON.parse(json.replaceAll(/(?<=[:,[])\d{16,}(?=[,\]}])/g, '"$&"'));
}

const varying = new Set([
  "ts",
  "created",
  "id",
  "timestamp",
  "last_active",
  "pause_remaining",
  "pause_until",
  "ack_time",
  "first_ts",
  "last_ts",
  "cluster",
  "pinned_client_id",
  "pinned_id",
]);

/** Values that differ from run to run are replaced by their kind, so that their presence is still compared. */
/** Set only while somebody is pinned; the zero time stays. */
const pinnedTime = (item: unknown): unknown => (item === "0001-01-01T00:00:00Z" ? item : typeof item);

function normalised(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => {
      if (key === "cluster") {
        return undefined;
      }
      if (key === "pinned_ts") {
        return pinnedTime(item);
      }
      return varying.has(key) ? typeof item : item;
    }),
  );
}

export const second = 1e9;
