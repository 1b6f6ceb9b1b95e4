/** For tests: a target whose server runs inside the test and does what the test says, also what no honest server does. */
import { createServer, type Server, type Socket } from "node:net";
import { type Capability, type Instance, type KnownFailing, type Target, TargetError } from "../../targets/target.ts";
import { ClientFrames } from "../control/client-frames.ts";

/** What the server answers to a publish: text, nothing at all (`undefined`), `"no-responders"`, or `"die"` to end every connection and itself. */
export type Answer = (subject: string, payload: string) => string | undefined;

export interface FakeTargetOptions {
  readonly answer: Answer;
  readonly has?: readonly Capability[];
  readonly missing?: Readonly<Record<string, string>>;
  readonly knownFailing?: readonly KnownFailing[];
  readonly features?: readonly string[];
  /** false: a fault is done and nothing shows that it happened. */
  readonly faultsHappen?: boolean;
  /** false: it starts once and never again. */
  readonly comesBack?: boolean;
}

export class FakeTarget implements Target {
  readonly name = "fake";
  readonly key = "fake";
  readonly settings = {};
  readonly claims: Target["claims"];
  readonly knownFailing: readonly KnownFailing[];
  /** Servers made so far, and those not yet disposed of. */
  provisioned = 0;
  alive = 0;
  readonly #options: FakeTargetOptions;

  constructor(options: FakeTargetOptions) {
    this.#options = options;
    this.knownFailing = options.knownFailing ?? [];
    this.claims = { apiLevel: undefined, features: options.features ?? [] };
  }

  async capabilities(): Promise<Instance["capabilities"]> {
    const all: Capability[] = ["restart", "kill", "power-cut", "pause", "store-files", "configure"];
    const has = new Set<Capability>(this.#options.has ?? ["restart", "kill", "configure"]);
    const missing = all
      .filter((each) => !has.has(each))
      .map((each): [Capability, string] => [each, this.#options.missing?.[each] ?? "not here"]);
    return { has, missing: new Map(missing) };
  }

  async provision(): Promise<Instance> {
    this.provisioned++;
    this.alive++;
    const instance = new FakeInstance(this, this.#options, await this.capabilities());
    await instance.start();
    return instance;
  }
}

class FakeInstance implements Instance {
  readonly target: FakeTarget;
  readonly capabilities: Instance["capabilities"];
  readonly settings = {};
  readonly server = { name: "fake", version: "2.15.2" };
  readonly pid = undefined;
  readonly dataDirectory = undefined;
  epoch = 0;
  readonly #options: FakeTargetOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #disposed = false;

  constructor(target: FakeTarget, options: FakeTargetOptions, capabilities: Instance["capabilities"]) {
    this.target = target;
    this.#options = options;
    this.capabilities = capabilities;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  logTail(): readonly string[] {
    return ["a line of the server's log"];
  }

  async start(): Promise<number> {
    if (this.epoch > 0 && this.#options.comesBack === false) {
      throw new TargetError("TARGET_NOT_READY", "it does not answer");
    }
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    const address = server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    this.epoch++;
    return 1;
  }

  async stop(): Promise<Awaited<ReturnType<Instance["stop"]>>> {
    await this.#end();
    return { happened: this.#options.faultsHappen ?? true, summary: "the fake server ended", details: {} };
  }

  kill(): ReturnType<Instance["stop"]> {
    return this.stop();
  }

  powerCut(): ReturnType<Instance["stop"]> {
    return this.stop();
  }

  pause(): ReturnType<Instance["stop"]> {
    return Promise.reject(new Error("a fake can't be paused"));
  }

  resume(): ReturnType<Instance["stop"]> {
    return this.pause();
  }

  async dispose(): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = true;
      this.target.alive--;
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    if (server !== undefined) {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  #serve(socket: Socket): void {
    const subscriptions = new Map<string, string>();
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const frames = new ClientFrames({
      ping: () => void socket.write("PONG\r\n"),
      subscribe: (subject, sid) => void subscriptions.set(sid, subject),
      unsubscribe: (sid) => void subscriptions.delete(sid),
      publish: ({ subject, reply, payload }) => this.#answer(socket, subscriptions, { subject, reply, payload: payload.toString("utf8") }),
    });
    socket.on("data", (chunk: Buffer) => frames.push(chunk));
    socket.write('INFO {"server_id":"F","version":"2.15.2","headers":true,"max_payload":1048576,"jetstream":true}\r\n');
  }

  #answer(socket: Socket, subscriptions: ReadonlyMap<string, string>, message: { subject: string; reply: string; payload: string }): void {
    const body = this.#options.answer(message.subject, message.payload);
    if (body === "die") {
      void this.#end();
      return;
    }
    const sid = [...subscriptions].find(([, pattern]) => message.reply.startsWith(pattern.replace(/\*$/, "")))?.[0];
    if (body === undefined || sid === undefined || message.reply === "") {
      return;
    }
    const none = "NATS/1.0 503\r\n\r\n";
    socket.write(
      body === "no-responders"
        ? `HMSG ${message.reply} ${sid} ${none.length} ${none.length}\r\n${none}\r\n`
        : `MSG ${message.reply} ${sid} ${Buffer.byteLength(body)}\r\n${body}\r\n`,
    );
  }
}
