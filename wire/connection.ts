/**
 * The judge's connection to a server: frames out, messages in, a deadline on every wait.
 *
 * Invariants: `closed` settles exactly once and after it nothing waits any more; a server that is silent, sends garbage or closes half-way
 * ends in a `WireError`; unread and unsent bytes are bounded. The judge does not second-guess the server: payloads beyond `max_payload` and
 * publishes without permission are sent, the answer is evidence.
 */
import { randomBytes } from "node:crypto";
import type net from "node:net";
import { withDeadline } from "./deadline.ts";
import { parseDigits } from "./digits.ts";
import { WireError } from "./errors.ts";
import { type OutgoingMessage, pingFrame, pongFrame, publishFrame, subscribeFrame, unsubscribeFrame } from "./frames.ts";
import { type ConnectOptions, handshake } from "./handshake.ts";
import type { Message } from "./message.ts";
import { Output } from "./output.ts";
import { type ControlVerb, FrameParser, type FrameSink, type MessageFrame } from "./parser.ts";
import { Requests } from "./requests.ts";
import { parseServerInfo, type ServerInfo } from "./server-info.ts";
import { type SubscribeOptions, Subscription } from "./subscription.ts";
import { Trace, type TraceFrame } from "./trace.ts";

export type { OutgoingMessage } from "./frames.ts";
export type { ConnectOptions } from "./handshake.ts";
export type { Message } from "./message.ts";
export type { ServerInfo } from "./server-info.ts";
export type { SubscribeOptions, Subscription } from "./subscription.ts";
export type { TraceFrame } from "./trace.ts";

export interface CloseReason {
  readonly by: "us" | "server" | "failure";
  /** What pending and later calls reject with. */
  readonly error: WireError;
}

const defaultTimeoutMs = 5000;
const closeTimeoutMs = 1000;
const unsentBytesMax = 256 * 1024 * 1024;
const serverErrorsMax = 1000;

let connectionCount = 0;

/** Connects, authenticates and waits for the answer to a first PING. Rejects with a `WireError` in bounded time. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  connectionCount++;
  const trace = options.trace === true ? new Trace(options.name ?? `c${connectionCount}`) : undefined;
  const { socket, info, rest } = await handshake({ ...options, timeoutMs }, trace);
  return new Connection({ socket, info, rest, trace, timeoutMs });
}

export class Connection {
  readonly closed: Promise<CloseReason>;
  /** Called for each -ERR, besides `serverErrors`. */
  onServerError: ((text: string) => void) | undefined;

  readonly #socket: net.Socket;
  readonly #output: Output;
  readonly #parser: FrameParser;
  readonly #requests: Requests;
  readonly #trace: Trace | undefined;
  readonly #timeoutMs: number;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #inboxPrefix = `_INBOX.${randomBytes(9).toString("hex")}`;
  readonly #serverErrors: string[] = [];
  readonly #settleClosed: (reason: CloseReason) => void;
  #info: ServerInfo;
  #closeReason: CloseReason | undefined;
  #pongWaiters: PromiseWithResolvers<void>[] = [];
  #okCount = 0;
  #sidCount = 0;
  #inboxCount = 0;
  #requestsSubscribed = false;
  /** When the bytes now being parsed were read. */
  #readAtMs = 0;

  constructor(parts: { socket: net.Socket; info: ServerInfo; rest: Buffer; trace: Trace | undefined; timeoutMs: number }) {
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settleClosed = resolve;
    this.#socket = parts.socket;
    this.#info = parts.info;
    this.#trace = parts.trace;
    this.#timeoutMs = parts.timeoutMs;
    this.#output = new Output(parts.socket, unsentBytesMax);
    this.#requests = new Requests(this.newInbox());
    const sink: FrameSink = {
      message: (frame) => this.#onMessage(frame),
      control: (verb, argument) => this.#onControl(verb, argument),
    };
    this.#parser = new FrameParser(sink);
    this.#listen(parts.rest);
  }

  /** The newest INFO. */
  get info(): ServerInfo {
    return this.#info;
  }

  get isClosed(): boolean {
    return this.#closeReason !== undefined;
  }

  /** Texts of the -ERR frames received, without quotes, oldest first; the newest 1000 are kept. */
  get serverErrors(): readonly string[] {
    return this.#serverErrors;
  }

  /** How many +OK arrived (verbose mode), the handshake's own not counted. */
  get okCount(): number {
    return this.#okCount;
  }

  /** Throws when the connection is closed. */
  publish(message: OutgoingMessage): void {
    this.#send(publishFrame(message));
  }

  /** Publishes with a reply subject in the one shared inbox and waits for the first answer. */
  async request(message: OutgoingMessage, options: { timeoutMs?: number } = {}): Promise<Message> {
    this.#assertOpen();
    if (!this.#requestsSubscribed) {
      this.#requestsSubscribed = true;
      this.subscribe(this.#requests.subject, { onMessage: (answer) => this.#requests.answer(answer) });
    }
    const { reply, answer } = this.#requests.begin(message.subject, options.timeoutMs ?? this.#timeoutMs);
    try {
      this.publish({ ...message, reply });
    } catch (error) {
      this.#requests.forget(reply);
      throw error;
    }
    return answer;
  }

  subscribe(subject: string, options: SubscribeOptions = {}): Subscription {
    this.#assertOpen();
    const sid = this.#sidCount + 1;
    const frame = subscribeFrame({ subject, queue: options.queue, sid: String(sid) });
    this.#sidCount = sid;
    const subscription = new Subscription({
      sid: String(sid),
      subject,
      options,
      unsubscribe: (_, max) => this.#unsubscribe(sid, max),
    });
    this.#subscriptions.set(sid, subscription);
    this.#send(frame);
    if (options.max !== undefined) {
      this.#send(unsubscribeFrame(String(sid), options.max));
    }
    return subscription;
  }

  /** A fresh subject that only this connection uses. */
  newInbox(): string {
    this.#inboxCount++;
    return `${this.#inboxPrefix}.${this.#inboxCount.toString(36)}`;
  }

  /** Sends bytes as they are. A PING sent here takes the PONG of a waiting `flush`. */
  sendRaw(bytes: Uint8Array | string): void {
    this.#send(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  }

  /** The load driver's way out: whole frames, already encoded, in one write. The bytes must stay unchanged until `onWritten`. Not traced. */
  publishEncoded(bytes: Uint8Array, onWritten?: () => void): void {
    this.#assertOpen();
    this.#output.write(bytes, onWritten);
  }

  /** Sends PING and waits for PONG: the server has then processed everything sent before. Returns the round trip in milliseconds. */
  async flush(options: { timeoutMs?: number } = {}): Promise<number> {
    this.#assertOpen();
    const start = performance.now();
    const waiter = Promise.withResolvers<void>();
    // A late PONG still takes its place in the queue, so the waiter stays there after its deadline.
    this.#pongWaiters.push(waiter);
    this.#send(pingFrame);
    await withDeadline(waiter.promise, { timeoutMs: options.timeoutMs ?? this.#timeoutMs, what: "no PONG" });
    return performance.now() - start;
  }

  /** Bytes sent and not yet taken over by the kernel. */
  get pendingBytes(): number {
    return this.#output.pendingBytes;
  }

  /** Resolves when there is room for more output. Rejects when the server does not read within the deadline, or is gone. */
  async drained(options: { timeoutMs?: number } = {}): Promise<void> {
    await withDeadline(this.#output.drained(), { timeoutMs: options.timeoutMs ?? this.#timeoutMs, what: "the server did not read" });
    this.#assertOpen();
  }

  /** Sends what is queued, ends the connection and waits for its end, at most a second. Idempotent. */
  async close(): Promise<void> {
    if (this.#closeReason === undefined) {
      this.#output.send();
      this.#finish({ by: "us", error: new WireError("WIRE_CLOSED", "the connection was closed by this side") });
    }
    if (this.#socket.closed) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
      this.#socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  trace(): readonly TraceFrame[] {
    return this.#trace?.frames ?? [];
  }

  clearTrace(): void {
    this.#trace?.clear();
  }

  #assertOpen(): void {
    if (this.#closeReason !== undefined) {
      throw this.#closeReason.error;
    }
  }

  #send(frame: Uint8Array): void {
    this.#assertOpen();
    this.#trace?.add("sent", frame);
    this.#output.add(frame);
  }

  #unsubscribe(sid: number, max: number | undefined): void {
    if (max === undefined) {
      this.#subscriptions.delete(sid);
    }
    if (this.#closeReason === undefined) {
      this.#send(unsubscribeFrame(String(sid), max));
    }
  }

  #listen(rest: Buffer): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (cause) => {
      this.#fail(new WireError("WIRE_DISCONNECTED", `the connection failed: ${cause.message}`, this.#withServerError({ cause })));
    });
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onEnd());
    if (rest.length > 0) {
      process.nextTick(() => this.#onData(rest));
    }
    socket.resume();
  }

  #onData(chunk: Buffer): void {
    this.#readAtMs = performance.now();
    try {
      this.#parser.push(chunk);
    } catch (error) {
      if (error instanceof WireError && error.code === "WIRE_PROTOCOL") {
        this.#fail(error);
        return;
      }
      throw error;
    }
  }

  #onEnd(): void {
    if (this.#closeReason !== undefined) {
      return;
    }
    const where = this.#parser.atBoundary ? "" : " in the middle of a frame";
    const last = this.#serverErrors.at(-1);
    const why = last === undefined ? "" : ` after -ERR '${last}'`;
    const error = new WireError("WIRE_DISCONNECTED", `the server closed the connection${where}${why}`, this.#withServerError({}));
    this.#finish({ by: "server", error });
  }

  #withServerError<T extends object>(options: T): T & { serverError?: string } {
    const last = this.#serverErrors.at(-1);
    return last === undefined ? options : { ...options, serverError: last };
  }

  #fail(error: WireError): void {
    this.#finish({ by: "failure", error });
  }

  #finish(reason: CloseReason): void {
    if (this.#closeReason !== undefined) {
      return;
    }
    this.#closeReason = reason;
    this.#parser.stop();
    for (const subscription of this.#subscriptions.values()) {
      subscription.end(reason.error);
    }
    this.#subscriptions.clear();
    this.#requests.failAll(reason.error);
    for (const waiter of this.#pongWaiters.splice(0)) {
      waiter.reject(reason.error);
    }
    if (reason.by === "us") {
      this.#socket.end();
    } else {
      this.#socket.destroy();
    }
    this.#settleClosed(reason);
  }

  #onMessage(frame: MessageFrame): void {
    this.#trace?.add("received", frame.bytes.subarray(frame.frameStart, frame.frameEnd));
    const sid = parseDigits(frame.bytes, frame.sidStart, frame.sidEnd);
    // Messages already on their way when a subscription ended have no taker.
    if (this.#subscriptions.get(sid)?.deliver(frame, this.#readAtMs) === true) {
      this.#subscriptions.delete(sid);
    }
  }

  #onControl(verb: ControlVerb, argument: string): void {
    this.#trace?.add("received", argument === "" ? verb : `${verb} ${argument}`);
    switch (verb) {
      case "PING":
        this.#send(pongFrame);
        return;
      case "PONG":
        this.#pongWaiters.shift()?.resolve();
        return;
      case "+OK":
        this.#okCount++;
        return;
      case "INFO":
        this.#info = parseServerInfo(argument);
        return;
      case "-ERR":
        this.#onServerErrorText(argument.replace(/^'(.*)'$/, "$1"));
        return;
    }
  }

  #onServerErrorText(text: string): void {
    if (this.#serverErrors.length === serverErrorsMax) {
      this.#serverErrors.shift();
    }
    this.#serverErrors.push(text);
    this.onServerError?.(text);
  }
}
