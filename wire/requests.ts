/** Request and reply over one inbox: the last token of the reply subject names the request. */
import { WireError } from "./errors.ts";
import type { Message } from "./message.ts";

interface Pending {
  readonly subject: string;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: WireError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Requests {
  readonly #prefix: string;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** What the inbox subscribes to. */
  get subject(): string {
    return `${this.#prefix}.*`;
  }

  /** Takes a request back that could not be sent. */
  forget(reply: string): void {
    this.#take(reply.slice(this.#prefix.length + 1));
  }

  /** Registers a request to `subject` and returns the reply subject for it and the promise of its answer. */
  begin(subject: string, timeoutMs: number): { reply: string; answer: Promise<Message> } {
    this.#count++;
    const token = this.#count.toString(36);
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const timer = setTimeout(() => {
      this.#pending.delete(token);
      reject(new WireError("WIRE_TIMEOUT", `no answer to a request on ${subject} within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#pending.set(token, { subject, resolve, reject, timer });
    return { reply: `${this.#prefix}.${token}`, answer: promise };
  }

  /** Takes an answer; one that nobody waits for (late or doubled) is dropped. */
  answer(message: Message): void {
    const token = message.subject.slice(this.#prefix.length + 1);
    const pending = this.#take(token);
    if (pending === undefined) {
      return;
    }
    if (isNoResponders(message)) {
      pending.reject(new WireError("WIRE_NO_RESPONDERS", `nobody listens on ${pending.subject}`));
      return;
    }
    pending.resolve(message);
  }

  failAll(reason: WireError): void {
    for (const token of this.#pending.keys()) {
      this.#take(token)?.reject(reason);
    }
  }

  #take(token: string): Pending | undefined {
    const pending = this.#pending.get(token);
    if (pending !== undefined) {
      this.#pending.delete(token);
      clearTimeout(pending.timer);
    }
    return pending;
  }
}

/** A 503 without payload; a malformed header block is an answer that the caller looks at. */
function isNoResponders(message: Message): boolean {
  return message.payload.byteLength === 0 && Buffer.from(message.headerBytes).toString("latin1", 0, 12) === "NATS/1.0 503";
}
