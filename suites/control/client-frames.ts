/** Reads what clients send: the few operations a publisher and a reader need. Anything else is passed by. */

export interface PublishFrame {
  readonly subject: string;
  readonly reply: string;
  readonly headers: Buffer;
  readonly payload: Buffer;
}

export interface FrameHandlers {
  publish(frame: PublishFrame): void;
  subscribe(subject: string, sid: string): void;
  unsubscribe(sid: string): void;
  ping(): void;
}

interface Pending {
  readonly subject: string;
  readonly reply: string;
  readonly headersSize: number;
  readonly size: number;
}

export class ClientFrames {
  readonly #handlers: FrameHandlers;
  #buffer: Buffer = Buffer.alloc(0);
  #pending: Pending | undefined;

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#step()) {
      // Each step takes one line or one payload off the buffer.
    }
  }

  #step(): boolean {
    if (this.#pending !== undefined) {
      return this.#takePayload(this.#pending);
    }
    const end = this.#buffer.indexOf("\r\n");
    if (end < 0) {
      return false;
    }
    const line = this.#buffer.toString("utf8", 0, end);
    this.#buffer = this.#buffer.subarray(end + 2);
    this.#line(line);
    return true;
  }

  #takePayload({ subject, reply, headersSize, size }: Pending): boolean {
    if (this.#buffer.length < size + 2) {
      return false;
    }
    const body = Buffer.from(this.#buffer.subarray(0, size));
    this.#buffer = this.#buffer.subarray(size + 2);
    this.#pending = undefined;
    this.#handlers.publish({ subject, reply, headers: body.subarray(0, headersSize), payload: body.subarray(headersSize) });
    return true;
  }

  #line(line: string): void {
    const [operation = "", ...words] = line.split(/\s+/);
    const last = Number(words.at(-1));
    switch (operation.toUpperCase()) {
      case "PING":
        this.#handlers.ping();
        return;
      case "SUB":
        this.#handlers.subscribe(words[0] ?? "", words.at(-1) ?? "");
        return;
      case "UNSUB":
        this.#handlers.unsubscribe(words[0] ?? "");
        return;
      case "PUB":
        this.#pending = { subject: words[0] ?? "", reply: words.length > 2 ? (words[1] ?? "") : "", headersSize: 0, size: last };
        return;
      case "HPUB":
        this.#pending = {
          subject: words[0] ?? "",
          reply: words.length > 3 ? (words[1] ?? "") : "",
          headersSize: Number(words.at(-2)),
          size: last,
        };
        return;
      default:
    }
  }
}
