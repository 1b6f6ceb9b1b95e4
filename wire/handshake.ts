/** From an address to an authenticated socket: INFO, CONNECT, PING, and the PONG that says the server took it. One deadline for all of it. */
import type net from "node:net";
import { type Address, parseAddress } from "./address.ts";
import { WireError } from "./errors.ts";
import { type ConnectFields, connectFrame, pingFrame, pongFrame } from "./frames.ts";
import { type ControlVerb, FrameParser } from "./parser.ts";
import { parseServerInfo, type ServerInfo } from "./server-info.ts";
import { openSocket } from "./socket.ts";
import type { Trace } from "./trace.ts";

export interface ConnectOptions {
  /** `nats://[user:password@|token@]host:port` */
  readonly url: string;
  readonly name?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly verbose?: boolean;
  readonly pedantic?: boolean;
  /** Default true: own messages come back to own subscriptions. */
  readonly echo?: boolean;
  /** Default true. */
  readonly headers?: boolean;
  /** Default: as `headers`. */
  readonly noResponders?: boolean;
  readonly trace?: boolean;
  /** For the whole handshake, and the default of `request` and `flush`. Default 5000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Handshaken {
  /** Paused, without listeners. */
  readonly socket: net.Socket;
  readonly info: ServerInfo;
  /** Read after the PONG: belongs to the connection. */
  readonly rest: Buffer;
}

type HandshakeOptions = ConnectOptions & { readonly timeoutMs: number };

export async function handshake(options: HandshakeOptions, trace: Trace | undefined): Promise<Handshaken> {
  const deadline = performance.now() + options.timeoutMs;
  const address = parseAddress(options.url);
  const { host, port } = address;
  const socket = await openSocket({ host, port, timeoutMs: options.timeoutMs, signal: options.signal });
  return new Promise((resolve, reject) => {
    const greeting = new Greeting({ socket, trace, fields: (info) => connectFields({ options, address, info }) });
    const settle = (result: Handshaken | WireError) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      greeting.detach();
      if (!(result instanceof WireError)) {
        resolve(result);
        return;
      }
      socket.on("error", () => undefined);
      socket.destroy();
      reject(result);
    };
    const onAbort = () => settle(new WireError("WIRE_ABORTED", "the handshake was aborted", { cause: options.signal?.reason }));
    const remainingMs = Math.max(1, deadline - performance.now());
    const timer = setTimeout(() => settle(greeting.timeout(options.timeoutMs)), remainingMs);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    greeting.start(settle);
  });
}

/** The exchange itself. Ends exactly once, by calling what `start` was given. */
class Greeting {
  readonly #socket: net.Socket;
  readonly #trace: Trace | undefined;
  readonly #fields: (info: ServerInfo) => ConnectFields;
  readonly #parser: FrameParser;
  #info: ServerInfo | undefined;
  #settle: ((result: Handshaken | WireError) => void) | undefined;
  #serverError: string | undefined;
  #greeted = false;

  constructor(parts: { socket: net.Socket; trace: Trace | undefined; fields: (info: ServerInfo) => ConnectFields }) {
    this.#socket = parts.socket;
    this.#trace = parts.trace;
    this.#fields = parts.fields;
    this.#parser = new FrameParser({
      message: () => {
        throw new WireError("WIRE_PROTOCOL", "a message arrived before the handshake was over");
      },
      control: (verb, argument) => this.#onControl(verb, argument),
    });
  }

  start(settle: (result: Handshaken | WireError) => void): void {
    this.#settle = settle;
    this.#socket.on("data", this.#onData);
    this.#socket.on("error", this.#onError);
    this.#socket.on("end", this.#onEnd);
    this.#socket.on("close", this.#onEnd);
  }

  /** Only its own listeners: a socket has some that Node needs. */
  detach(): void {
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onError);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onEnd);
  }

  timeout(timeoutMs: number): WireError {
    const missing = this.#info === undefined ? "INFO" : "PONG";
    return new WireError("WIRE_TIMEOUT", `the server sent no ${missing} within ${timeoutMs} ms`);
  }

  #end(result: Handshaken | WireError): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#parser.stop();
    settle?.(result);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      const cause = error instanceof WireError ? error : new WireError("WIRE_PROTOCOL", "the handshake failed", { cause: error });
      this.#end(cause);
    }
  };

  readonly #onError = (cause: Error): void => {
    this.#end(this.#ended(`the connection failed in the handshake: ${cause.message}`));
  };

  readonly #onEnd = (): void => this.#end(this.#ended("the server closed the connection in the handshake"));

  #onControl(verb: ControlVerb, argument: string): void {
    this.#trace?.add("received", argument === "" ? verb : `${verb} ${argument}`);
    switch (verb) {
      case "INFO":
        this.#onInfo(argument);
        return;
      case "PONG":
        this.#onPong();
        return;
      case "PING":
        this.#send(pongFrame);
        return;
      case "-ERR":
        this.#serverError = argument.replace(/^'(.*)'$/, "$1");
        this.#end(this.#ended(`the server refused the connection: ${this.#serverError}`));
        return;
      case "+OK":
        return;
    }
  }

  #onInfo(argument: string): void {
    this.#info = parseServerInfo(argument);
    if (this.#greeted) {
      return;
    }
    this.#greeted = true;
    if (this.#info.tls_required) {
      throw new WireError("WIRE_UNSUPPORTED", "the server demands TLS, which is not supported yet");
    }
    this.#send(connectFrame(this.#fields(this.#info)));
    this.#send(pingFrame);
  }

  #onPong(): void {
    if (this.#info === undefined) {
      throw new WireError("WIRE_PROTOCOL", "PONG arrived before INFO");
    }
    this.#socket.pause();
    const rest = this.#parser.stop();
    this.#end({ socket: this.#socket, info: this.#info, rest });
  }

  #send(frame: Uint8Array): void {
    this.#trace?.add("sent", frame);
    this.#socket.write(frame);
  }

  #ended(message: string): WireError {
    const text = this.#serverError;
    if (text === undefined) {
      return new WireError("WIRE_DISCONNECTED", message);
    }
    const isAuthorization = /^(authorization violation|authentication|user authentication|account authentication)/i.test(text);
    return new WireError(isAuthorization ? "WIRE_AUTHORIZATION" : "WIRE_REFUSED", message, { serverError: text });
  }
}

function connectFields(parts: { options: HandshakeOptions; address: Address; info: ServerInfo }): ConnectFields {
  const { options, address, info } = parts;
  const headers = options.headers ?? info.headers;
  const user = options.user ?? address.user;
  const password = options.password ?? address.password;
  const token = options.token ?? address.token;
  return {
    verbose: options.verbose ?? false,
    pedantic: options.pedantic ?? false,
    echo: options.echo ?? true,
    headers,
    no_responders: options.noResponders ?? headers,
    protocol: 1,
    lang: "streamproof",
    version: "0.1.0",
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { auth_token: token }),
  };
}
