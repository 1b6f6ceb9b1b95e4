/**
 * A small lying JetStream server for the engine's own tests: one stream in memory, told how to misbehave. Slow and incomplete on purpose;
 * it shares no code with the wire it talks to. Not part of the judge.
 */
import net from "node:net";

export interface Lies {
  /** Acknowledged and not stored: every n-th publish. */
  readonly dropEvery?: number;
  /** Answers nothing for `forMs` once `everyMs`, then all at once. */
  readonly stall?: { readonly everyMs: number; readonly forMs: number };
  /** Closes every connection at the n-th publish. */
  readonly dieAt?: number;
  /** Reads on, but says nothing more from the n-th publish on. */
  readonly silentAt?: number;
  /** Refuses the n-th and every later publish. */
  readonly refuseAt?: number;
  /** Delivers every n-th message twice. */
  readonly deliverTwiceEvery?: number;
  /** Leaves out every n-th message when delivering. */
  readonly skipEvery?: number;
  /** Gives two publishes the same sequence, at every n-th. */
  readonly sameSequenceEvery?: number;
  /** Counts everything it acknowledged as stored, and has lost the last messages. */
  readonly losesTail?: number;
  /** Sends the answers to what it read at once one after the other, with so many milliseconds between them. */
  readonly answerEveryMs?: number;
  /** Keeps acknowledgements of publishes back and sends all there are once in so many milliseconds. */
  readonly acksEveryMs?: number;
  /** Says so many acknowledged deliveries are pending for ever. */
  readonly forgetsAcks?: number;
  /** Refuses to create streams. */
  readonly noStreams?: boolean;
}

export interface FakeJetStream extends AsyncDisposable {
  readonly url: string;
  /** Publishes seen so far. */
  published(): number;
}

interface Request {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly payload: string;
}

interface Delivery {
  readonly given: readonly string[];
  readonly from: number;
  readonly name: string;
  readonly client: Client;
  readonly to: string;
}

const answerAfterMs = 1;

const info = 'INFO {"server_id":"FAKE","version":"2.15.0","headers":true,"max_payload":1048576,"jetstream":true} \r\n';

export async function startFakeJetStream(lies: Lies = {}): Promise<FakeJetStream> {
  const fake = new Fake(lies);
  const server = net.createServer((socket) => fake.accept(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  return {
    url: `nats://127.0.0.1:${port}`,
    published: () => fake.published,
    async [Symbol.asyncDispose]() {
      fake.killAll();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

class Fake {
  published = 0;
  readonly #lies: Lies;
  readonly #sockets = new Set<net.Socket>();
  readonly #timers: NodeJS.Timeout[] = [];
  #messages: string[] = [];
  #sequence = 0;
  readonly #positions = new Map<string, number>();
  #stalled = false;
  #held: (() => void)[] = [];

  constructor(lies: Lies) {
    this.#lies = lies;
    if (lies.stall !== undefined) {
      const { everyMs, forMs } = lies.stall;
      this.#timers.push(setInterval(() => this.#stall(forMs), everyMs));
    }
    if (lies.acksEveryMs !== undefined) {
      this.#timers.push(setInterval(() => this.#release(), lies.acksEveryMs));
    }
  }

  accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    const client = new Client((request) => this.#onPublish(request, client, socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const answer = client.read(chunk.toString("latin1"));
      // The fake shares the client's event loop; answering a little later leaves the client idle in between.
      const { answerEveryMs } = this.#lies;
      const pieces = answerEveryMs === undefined ? [answer] : answer.split(/(?=^MSG )/m);
      for (const [index, piece] of pieces.entries()) {
        setTimeout(() => this.#write(socket, piece), answerAfterMs + index * (answerEveryMs ?? 0));
      }
    });
    socket.write(info);
  }

  killAll(): void {
    for (const timer of this.#timers) {
      clearInterval(timer);
    }
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #stall(forMs: number): void {
    this.#stalled = true;
    setTimeout(() => {
      this.#stalled = false;
      this.#release();
    }, forMs);
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const write of held) {
      write();
    }
  }

  #write(socket: net.Socket, text: string): void {
    const isSilent = this.#lies.silentAt !== undefined && this.published >= this.#lies.silentAt;
    if (text === "" || isSilent) {
      return;
    }
    const write = () => {
      socket.write(text, "latin1");
    };
    const isKeptBack = this.#lies.acksEveryMs !== undefined && text.includes('"stream":"S"');
    if (this.#stalled || isKeptBack) {
      this.#held.push(write);
    } else {
      write();
    }
  }

  #onPublish(request: Request, client: Client, socket: net.Socket): string {
    const { subject, reply } = request;
    if (subject.startsWith("$JS.API.CONSUMER.MSG.NEXT.")) {
      return this.#next(request, client);
    }
    if (subject.startsWith("$JS.ACK.")) {
      return "";
    }
    const body = subject.startsWith("$JS.API.") ? this.#api(subject, request.payload) : this.#store(request, socket);
    const answer = reply === undefined ? "" : client.message(reply, undefined, body);
    const pushTo = /"deliver_subject":"([^"]+)"/.exec(request.payload)?.[1];
    return pushTo === undefined ? answer : answer + this.#push({ name: subject.split(".").at(-1) ?? "", to: pushTo, client });
  }

  #api(subject: string, body: string): string {
    if (subject.startsWith("$JS.API.STREAM.DELETE.") || subject.startsWith("$JS.API.STREAM.CREATE.")) {
      this.#messages = [];
      this.#sequence = 0;
      this.#positions.clear();
      const error = { code: 503, err_code: 10039, description: "JetStream not enabled for account" };
      return JSON.stringify(this.#lies.noStreams === true ? { error } : { success: true });
    }
    if (subject.startsWith("$JS.API.CONSUMER.CREATE.")) {
      this.#positions.set(subject.split(".").at(-1) ?? "", 0);
      return "{}";
    }
    if (subject.startsWith("$JS.API.CONSUMER.INFO.")) {
      return JSON.stringify({ num_ack_pending: this.#lies.forgetsAcks ?? 0 });
    }
    if (subject.startsWith("$JS.API.STREAM.MSG.GET.")) {
      return this.#get(Number(/"seq":(\d+)/.exec(body)?.[1]));
    }
    return JSON.stringify({ state: { messages: this.#messages.length } });
  }

  #get(sequence: number): string {
    const payload = sequence > this.#messages.length - (this.#lies.losesTail ?? 0) ? undefined : this.#messages[sequence - 1];
    return JSON.stringify(
      payload === undefined
        ? { error: { code: 404, err_code: 10037, description: "no message found" } }
        : { message: { seq: sequence, data: Buffer.from(payload, "latin1").toString("base64") } },
    );
  }

  #store(request: Request, socket: net.Socket): string {
    this.published++;
    const { dropEvery, dieAt, refuseAt, sameSequenceEvery } = this.#lies;
    if (this.published === dieAt) {
      this.killAll();
      socket.destroy();
    }
    if (refuseAt !== undefined && this.published >= refuseAt) {
      return JSON.stringify({ error: { code: 400, err_code: 10077, description: "maximum messages exceeded" }, stream: "S", seq: 0 });
    }
    if (!isEvery(this.published, sameSequenceEvery)) {
      this.#sequence++;
    }
    if (!isEvery(this.published, dropEvery)) {
      this.#messages.push(request.payload);
    }
    return JSON.stringify({ stream: "S", seq: this.#sequence });
  }

  /** Gives what is there at once and ends the request; a real server would keep it open. */
  #next(request: Request, client: Client): string {
    const name = request.subject.split(".").at(-1) ?? "";
    const from = this.#positions.get(name) ?? 0;
    const batch = Number(/"batch":(\d+)/.exec(request.payload)?.[1]);
    const given = this.#messages.slice(from, from + batch);
    this.#positions.set(name, from + given.length);
    const frames = this.#deliver({ given, from, name, client, to: request.reply ?? "" });
    const end = given.length < batch ? client.status(request.reply ?? "", "408 Request Timeout") : "";
    return frames + end;
  }

  /** All that is stored, at once. */
  #push({ name, to, client }: { name: string; to: string; client: Client }): string {
    return this.#deliver({ given: this.#messages, from: 0, name, client, to });
  }

  #deliver({ given, from, name, client, to }: Delivery): string {
    const frames = given.flatMap((payload, index) => {
      const sequence = from + index + 1;
      const frame = client.message("S.m", `$JS.ACK.S.${name}.1.${sequence}.${sequence}.0.0`, payload, to);
      if (isEvery(sequence, this.#lies.skipEvery)) {
        return [];
      }
      return isEvery(sequence, this.#lies.deliverTwiceEvery) ? [frame, frame] : [frame];
    });
    return frames.join("");
  }
}

function isEvery(count: number, every: number | undefined): boolean {
  return every !== undefined && count % every === 0;
}

/** The protocol of one connection, by regular expressions over text: nothing to share with the parser under test. */
class Client {
  readonly #onPublish: (request: Request) => string;
  readonly #subscriptions: { pattern: string; sid: string }[] = [];
  #text = "";

  constructor(onPublish: (request: Request) => string) {
    this.#onPublish = onPublish;
  }

  /** Takes what was read and returns what to write. */
  read(text: string): string {
    this.#text += text;
    let at = 0;
    const answers: string[] = [];
    while (true) {
      const end = this.#text.indexOf("\r\n", at);
      if (end < 0) {
        break;
      }
      const words = this.#text.slice(at, end).split(" ");
      const size = words[0] === "PUB" ? Number(words.at(-1)) + 2 : 0;
      if (this.#text.length < end + 2 + size) {
        break;
      }
      const payload = this.#text.slice(end + 2, end + size);
      answers.push(this.#answer(words, payload));
      at = end + 2 + size;
    }
    this.#text = this.#text.slice(at);
    return answers.join("");
  }

  #answer(words: string[], payload: string): string {
    switch (words[0]) {
      case "PING":
        return "PONG\r\n";
      case "SUB":
        this.#subscriptions.push({ pattern: words[1] ?? "", sid: words[2] ?? "" });
        return "";
      case "PUB":
        return this.#onPublish({ subject: words[1] ?? "", reply: words.length === 4 ? words[2] : undefined, payload });
      default:
        return "";
    }
  }

  /** A frame to whom subscribed to `to`, shown with `subject`. */
  message(subject: string, reply: string | undefined, payload: string, to = subject): string {
    const middle = reply === undefined ? "" : `${reply} `;
    return `MSG ${subject} ${this.#sidOf(to)} ${middle}${payload.length}\r\n${payload}\r\n`;
  }

  status(subject: string, text: string): string {
    const block = `NATS/1.0 ${text}\r\n\r\n`;
    return `HMSG ${subject} ${this.#sidOf(subject)} ${block.length} ${block.length}\r\n${block}\r\n`;
  }

  #sidOf(subject: string): string {
    const found = this.#subscriptions.find(({ pattern }) => {
      return pattern === subject || (pattern.endsWith(".*") && subject.slice(0, subject.lastIndexOf(".")) === pattern.slice(0, -2));
    });
    return found?.sid ?? "0";
  }
}
