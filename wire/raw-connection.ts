/**
 * A socket that sends nothing by itself, for malformed traffic and for what happens before CONNECT: the caller writes bytes, the server's
 * frames are kept in order. Answers no PING, takes no part in the protocol.
 */
import type net from "node:net";
import { parseAddress } from "./address.ts";
import { withDeadline } from "./deadline.ts";
import { WireError } from "./errors.ts";
import { type ControlVerb, FrameParser, type MessageFrame } from "./parser.ts";
import { openSocket } from "./socket.ts";
import { Trace, type TraceFrame } from "./trace.ts";

export interface RawFrame {
  readonly verb: ControlVerb | "MSG" | "HMSG";
  /** The control line as received, without line end. */
  readonly line: string;
  /** MSG and HMSG: header block and payload; empty otherwise. */
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** `performance.now()`. */
  readonly atMs: number;
}

export interface RawEnd {
  /** `garbage`: the server sent what is no NATS frame; the socket was then closed from here. */
  readonly by: "us" | "server" | "garbage";
  readonly error: WireError | undefined;
}

export interface OpenRawOptions {
  readonly url: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly trace?: boolean;
}

const framesMax = 100_000;
const defaultTimeoutMs = 5000;

export async function openRaw(options: OpenRawOptions): Promise<RawConnection> {
  const { host, port } = parseAddress(options.url);
  const socket = await openSocket({ host, port, timeoutMs: options.timeoutMs ?? defaultTimeoutMs, signal: options.signal });
  return new RawConnection(socket, options.trace === true ? new Trace("raw") : undefined);
}

export class RawConnection {
  /** Settles when the socket is closed, by whom ever. Never rejects. */
  readonly ended: Promise<RawEnd>;
  readonly #socket: net.Socket;
  readonly #parser: FrameParser;
  readonly #trace: Trace | undefined;
  readonly #frames: RawFrame[] = [];
  readonly #settleEnded: (end: RawEnd) => void;
  #read = 0;
  #end: RawEnd | undefined;
  #wake: (() => void)[] = [];

  constructor(socket: net.Socket, trace: Trace | undefined) {
    const { promise, resolve } = Promise.withResolvers<RawEnd>();
    this.ended = promise;
    this.#settleEnded = resolve;
    this.#socket = socket;
    this.#trace = trace;
    this.#parser = new FrameParser({
      message: (frame) => this.#keep(messageFrame(frame)),
      control: (verb, argument) => this.#keep(controlFrame(verb, argument)),
    });
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (cause) => this.#finish({ by: "server", error: new WireError("WIRE_DISCONNECTED", cause.message, { cause }) }));
    socket.on("end", () => this.#finish({ by: "server", error: undefined }));
    socket.on("close", () => this.#finish({ by: "server", error: undefined }));
  }

  /** Every frame received, read or not. */
  get frames(): readonly RawFrame[] {
    return this.#frames;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  send(bytes: Uint8Array | string): void {
    const chunk = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    this.#trace?.add("sent", chunk);
    if (!this.#socket.destroyed) {
      this.#socket.write(chunk);
    }
  }

  /** Ends the sending side only: the server sees the end of the stream, its last frames still arrive. */
  endSending(): void {
    this.#socket.end();
  }

  /** The next unread frame. Rejects with `WIRE_TIMEOUT`, or `WIRE_DISCONNECTED` / `WIRE_PROTOCOL` when the stream ended before it. */
  async nextFrame(options: { timeoutMs?: number } = {}): Promise<RawFrame> {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const frame = this.#frames[this.#read];
      if (frame !== undefined) {
        this.#read++;
        return frame;
      }
      if (this.#end !== undefined) {
        throw this.#end.error ?? new WireError("WIRE_DISCONNECTED", "the connection ended before another frame");
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.push(resolve);
      await withDeadline(promise, { timeoutMs: Math.max(1, deadline - performance.now()), what: "no frame" });
    }
  }

  close(): void {
    this.#finish({ by: "us", error: undefined });
  }

  trace(): readonly TraceFrame[] {
    return this.#trace?.frames ?? [];
  }

  #onData(chunk: Buffer): void {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      this.#trace?.add("received", chunk);
      this.#finish({ by: "garbage", error });
    }
  }

  #keep(frame: RawFrame): void {
    this.#trace?.add("received", frame.payload.byteLength === 0 ? frame.line : `${frame.line}\r\n${Buffer.from(frame.payload).toString()}`);
    if (this.#frames.length >= framesMax) {
      this.#finish({ by: "us", error: new WireError("WIRE_OVERFLOW", `more than ${framesMax} frames arrived`) });
      return;
    }
    this.#frames.push(frame);
    this.#wakeAll();
  }

  #finish(end: RawEnd): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = end;
    this.#parser.stop();
    this.#socket.destroy();
    this.#wakeAll();
    this.#settleEnded(end);
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) {
      wake();
    }
  }
}

function controlFrame(verb: ControlVerb, argument: string): RawFrame {
  const none = new Uint8Array(0);
  return { verb, line: argument === "" ? verb : `${verb} ${argument}`, headerBytes: none, payload: none, atMs: performance.now() };
}

function messageFrame(frame: MessageFrame): RawFrame {
  const { bytes } = frame;
  return {
    verb: frame.headersEnd > frame.headersStart ? "HMSG" : "MSG",
    line: bytes.toString("utf8", frame.frameStart, frame.headersStart).trimEnd(),
    headerBytes: Buffer.from(bytes.subarray(frame.headersStart, frame.headersEnd)),
    payload: Buffer.from(bytes.subarray(frame.payloadStart, frame.payloadEnd)),
    atMs: performance.now(),
  };
}
