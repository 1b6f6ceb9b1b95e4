/** The official server in a child process and a bare connection to it, for comparing answers. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Reply } from "../jetstream-fixture.contract.ts";

/** What both servers are asked through. */
export interface Asked {
  /** All replies until `last` says so or nothing more comes. */
  ask(subject: string, body: string, headers?: Readonly<Record<string, string>>): Promise<readonly Reply[]>;
}

export interface FastStep {
  readonly subject: string;
  /** Begins with `_F.`. */
  readonly reply: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The version this server imitates, when it is installed. */
export function findOfficialServer(version: string): string | undefined {
  for (const command of ["nats-server", join(homedir(), "go/bin/nats-server")]) {
    try {
      if (execFileSync(command, ["--version"], { encoding: "utf8" }).includes(`v${version}`)) {
        return command;
      }
    } catch {
      // Not there: try the next place.
    }
  }
  return undefined;
}

export class OfficialServer implements Asked {
  readonly #launch: Launch;
  #process: ChildProcess;
  #connection: BareConnection;

  private constructor(launch: Launch, { process, connection }: Launched) {
    this.#launch = launch;
    this.#process = process;
    this.#connection = connection;
  }

  static async start(command: string, name: string): Promise<OfficialServer> {
    const launch = { command, name, directory: mkdtempSync(join(tmpdir(), "official-")) };
    return new OfficialServer(launch, await launched(launch));
  }

  /** Stops it as an operator does and starts it again on the same files. */
  async restart(): Promise<void> {
    this.#connection.close();
    await ended(this.#process, "SIGTERM");
    ({ process: this.#process, connection: this.#connection } = await launched(this.#launch));
  }

  ask(subject: string, body: string, headers?: Readonly<Record<string, string>>): Promise<readonly Reply[]> {
    return this.#connection.ask(subject, body, headers);
  }

  /** Publishes in order, each with its own reply below `_F.`, and gives all `count` answers to them. */
  publishAll(steps: readonly FastStep[], count: number): Promise<readonly string[]> {
    return this.#connection.publishAll(steps, count);
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await ended(this.#process, "SIGKILL");
    rmSync(this.#launch.directory, { recursive: true, force: true });
  }
}

interface Launch {
  readonly command: string;
  readonly name: string;
  readonly directory: string;
}

interface Launched {
  readonly process: ChildProcess;
  readonly connection: BareConnection;
}

async function launched({ command, name, directory }: Launch): Promise<Launched> {
  const flags = ["-a", "127.0.0.1", "-p", "-1", "-js", "-n", name, "-sd", directory, "--ports_file_dir", directory];
  for (const stale of readdirSync(directory).filter((file) => file.endsWith(".ports"))) {
    rmSync(join(directory, stale));
  }
  const process = spawn(command, flags, { stdio: "ignore" });
  return { process, connection: await BareConnection.open(await waitForPort(directory)) };
}

async function ended(process: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const exit = new Promise((resolve) => process.once("exit", resolve));
  process.kill(signal);
  await exit;
}

async function waitForPort(directory: string): Promise<number> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const file = readdirSync(directory).find((name) => name.endsWith(".ports"));
    const port = file === undefined ? undefined : /nats:\/\/[^"]*:(\d+)/.exec(readFileSync(join(directory, file), "utf8"))?.[1];
    if (port !== undefined) {
      return Number(port);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the official server did not start within 20 s");
}

/** No client library: what it would check or hide is what we want to see. */
export class BareConnection implements Asked {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #asked = 0;
  readonly #replies = new Map<string, Reply[]>();
  readonly #pongs: (() => void)[] = [];
  readonly #fast: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      while (this.#takeFrame()) {
        // Until what is left is no whole frame.
      }
    });
  }

  static async open(port: number): Promise<BareConnection> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const connection = new BareConnection(socket);
    socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _R.* 1\r\nSUB _F.> 2\r\n`);
    return connection;
  }

  /** A request, then pings until the answers have come: API requests are answered out of band, silence has to be waited for. */
  async ask(subject: string, body: string, headers?: Readonly<Record<string, string>>): Promise<readonly Reply[]> {
    this.#asked += 1;
    const reply = `_R.${this.#asked}`;
    const replies: Reply[] = [];
    this.#replies.set(reply, replies);
    this.#publish(subject, { body, reply, headers });
    const deadline = performance.now() + (isSilent(subject) ? 300 : 5000);
    do {
      await this.#ping();
      if (!isComplete(replies, body)) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    } while (!isComplete(replies, body) && performance.now() < deadline);
    this.#replies.delete(reply);
    return replies;
  }

  async publishAll(steps: readonly FastStep[], count: number): Promise<readonly string[]> {
    this.#fast.length = 0;
    for (const { subject, reply, headers } of steps) {
      this.#publish(subject, { body: "", reply, headers });
    }
    const deadline = performance.now() + 5000;
    do {
      await this.#ping();
      await new Promise((resolve) => setTimeout(resolve, 5));
    } while (this.#fast.length < count && performance.now() < deadline);
    return [...this.#fast];
  }

  close(): void {
    this.#socket.destroy();
  }

  #publish(subject: string, parts: { body: string; reply: string; headers: Readonly<Record<string, string>> | undefined }): void {
    const { body, reply, headers } = parts;
    const size = Buffer.byteLength(body);
    if (headers === undefined) {
      this.#socket.write(`PUB ${subject} ${reply} ${size}\r\n${body}\r\n`);
      return;
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const block = `NATS/1.0\r\n${lines.join("")}\r\n`;
    const blockSize = Buffer.byteLength(block);
    this.#socket.write(`HPUB ${subject} ${reply} ${blockSize} ${blockSize + size}\r\n${block}${body}\r\n`);
  }

  #ping(): Promise<void> {
    return new Promise((resolve) => {
      this.#pongs.push(resolve);
      this.#socket.write("PING\r\n");
    });
  }

  #takeFrame(): boolean {
    const end = this.#buffer.indexOf("\r\n");
    if (end < 0) {
      return false;
    }
    const words = this.#buffer.toString("utf8", 0, end).split(/ +/);
    const size = words[0] === "MSG" || words[0] === "HMSG" ? Number(words.at(-1)) : undefined;
    const length = end + 2 + (size === undefined ? 0 : size + 2);
    if (this.#buffer.length < length) {
      return false;
    }
    if (size !== undefined) {
      const body = this.#buffer.subarray(end + 2, end + 2 + size);
      const headers = words[0] === "HMSG" ? Number(words.at(-2)) : 0;
      if (words[1]?.startsWith("_F.") === true) {
        this.#fast.push(`${words[1]} ${body.toString("utf8")}`);
      }
      this.#replies.get(words[1] ?? "")?.push({ headers: body.toString("utf8", 0, headers), data: body.toString("utf8", headers) });
    } else if (words[0] === "PONG") {
      this.#pongs.shift()?.();
    } else if (words[0] === "PING") {
      this.#socket.write("PONG\r\n");
    }
    this.#buffer = this.#buffer.subarray(length);
    return true;
  }
}

/** Several messages are through with the status that ends them, everything else with the first reply. */
function isComplete(replies: readonly Reply[], body: string): boolean {
  const last = replies.at(-1);
  return last !== undefined && (!/"batch"|"multi_last"/.test(body) || /^NATS\/1\.0 \d|^$/.test(last.headers));
}

/** Requests that the scenarios know to stay unanswered. */
function isSilent(subject: string): boolean {
  return /NOPE|META\.|CREATE\.a\.b/.test(subject);
}
