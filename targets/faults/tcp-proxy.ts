/**
 * A bad network between a client and a server: a TCP proxy on loopback. It passes bytes on unchanged until it is told to delay, slow down,
 * stall, half-close or reset, at once or after a number of bytes, drawn from a seed if wanted. Pure Node, no rights needed.
 *
 * Order within a direction is kept whatever happens: pieces wait in one queue, and an end comes behind the bytes before it.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { forgetLive, keepLive } from "../live.ts";
import { TargetError } from "../target.ts";
import { seededRandom } from "../volumes/random.ts";
import { holdsWithin } from "../waiting.ts";
import type { ArmedFault } from "./armed.ts";

export type Direction = "to-server" | "to-client";

export interface ConnectionFault {
  /**
   * - `delay`      each piece waits `delayMs`
   * - `bandwidth`  at most `bytesPerSecond`
   * - `stall`      nothing is passed on until released
   * - `half-close` this direction ends (FIN) while the other goes on
   * - `reset`      both sides are reset (RST); what was under way is lost
   */
  readonly does: "delay" | "bandwidth" | "stall" | "half-close" | "reset";
  /** Both when absent; a reset is always of both. */
  readonly direction?: Direction;
  /** Counted in `direction` over each connection from its beginning; 0, the default, is at once. */
  readonly afterBytes?: number;
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

export interface TcpProxy {
  /** Where clients connect instead of to the server. */
  readonly url: string;
  readonly port: number;
  readonly connections: number;
  /** Bytes passed on, of all connections. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** One fault at a time; it is for the connections there are and for those to come. */
  arm(fault: ConnectionFault): ArmedFault;
  dispose(): Promise<void>;
}

export interface DrawConnectionOptions {
  readonly seed: number;
  readonly bytesMax: number;
  readonly does?: readonly [ConnectionFault["does"], ...ConnectionFault["does"][]];
}

export function drawConnectionFault({ seed, bytesMax, does = ["stall", "half-close", "reset"] }: DrawConnectionOptions): ConnectionFault {
  const random = seededRandom(seed);
  const direction = random.pick<Direction>(["to-server", "to-client"]);
  return { does: random.pick(does), direction, afterBytes: random.below(bytesMax) };
}

const host = "127.0.0.1";
const delayMsDefault = 100;

/** `url` is the server's, `nats://host:port`; credentials in it stay in the proxy's own. */
export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const server = new URL(url);
  const proxy = new Relay({ host: server.hostname.replaceAll(/^\[|\]$/g, ""), port: Number(server.port === "" ? 4222 : server.port) });
  await proxy.listen();
  server.hostname = host;
  server.port = String(proxy.port);
  return Object.assign(proxy, { url: server.href.replace(/\/$/, "") });
}

class Relay {
  url = "";
  port = 0;
  readonly passed: Record<Direction, number> = { "to-server": 0, "to-client": 0 };
  readonly #goal: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #fault: Armed | undefined;

  constructor(goal: { readonly host: string; readonly port: number }) {
    this.#goal = goal;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    keepLive(this);
  }

  get connections(): number {
    return this.#pairs.size;
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(0, host, resolve);
    await promise;
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  arm(fault: ConnectionFault): ArmedFault {
    if (this.#fault !== undefined) {
      throw new TargetError("TARGET_FAULT_FAILED", "this proxy has a fault already; release it first");
    }
    if (fault.does === "bandwidth" && !(Number(fault.bytesPerSecond) > 0)) {
      throw new TargetError("TARGET_FAULT_FAILED", "a bandwidth needs bytesPerSecond above 0");
    }
    const armed: Armed = { fault, hits: 0, heldBytes: 0 };
    this.#fault = armed;
    this.#everyPipe((pipe) => pipe.armed(armed));
    let released = false;
    const evidence = () => evidenceOf(armed, this.connections, released);
    return {
      evidence,
      happenedWithin: async (withinMs) => {
        await holdsWithin(() => armed.hits > 0, { withinMs });
        return evidence();
      },
      release: async () => {
        if (!released) {
          released = true;
          this.#fault = undefined;
          this.#everyPipe((pipe) => pipe.armed(undefined));
        }
        return evidence();
      },
    };
  }

  async dispose(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.disposeNow();
    await promise;
    forgetLive(this);
  }

  disposeNow(): void {
    this.#server.close();
    for (const pair of this.#pairs) {
      pair.destroy();
    }
  }

  #accept(client: Socket): void {
    const server = createConnection({ ...this.#goal, allowHalfOpen: true, noDelay: true });
    const pair = new Pair(client, server, this.passed, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    for (const pipe of pair.pipes) {
      pipe.armed(this.#fault);
    }
  }

  #everyPipe(action: (pipe: Pipe) => void): void {
    for (const pair of this.#pairs) {
      pair.pipes.forEach(action);
    }
  }
}

interface Armed {
  readonly fault: ConnectionFault;
  /** Connections (of a direction) that it struck; of delays and bandwidths, pieces. */
  hits: number;
  heldBytes: number;
}

function evidenceOf({ fault, hits, heldBytes }: Armed, connections: number, released: boolean): FaultEvidence {
  const { does, direction = "both", afterBytes = 0 } = fault;
  const what = does === "delay" || does === "bandwidth" ? "pieces" : "connections";
  return {
    happened: hits > 0,
    summary: `${does} ${direction} after ${afterBytes} bytes: ${hits} ${what}${released ? "; released" : ""}`,
    details: { does, direction, afterBytes, hits, heldBytes, connections },
  };
}

/** One client and its own connection to the server. */
class Pair {
  readonly pipes: readonly [Pipe, Pipe];
  readonly #sockets: readonly [Socket, Socket];

  constructor(client: Socket, server: Socket, passed: Record<Direction, number>, gone: () => void) {
    this.#sockets = [client, server];
    const reset = () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    const pipe = (direction: Direction, from: Socket, to: Socket) =>
      new Pipe({ direction, from, to, reset, passed: (bytes) => (passed[direction] += bytes) });
    this.pipes = [pipe("to-server", client, server), pipe("to-client", server, client)];
    for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
      socket.on("error", () => other.resetAndDestroy());
      socket.on("close", () => {
        if (client.destroyed && server.destroyed) {
          gone();
        }
      });
    }
  }

  destroy(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    for (const pipe of this.pipes) {
      pipe.stop();
    }
  }
}

interface PipeParts {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly reset: () => void;
  readonly passed: (bytes: number) => void;
}

const queueBytesMax = 1024 * 1024;

/** One direction of a connection: a queue of pieces, the last of which may be the end. */
class Pipe {
  readonly #parts: PipeParts;
  readonly #queue: { bytes: Buffer | "end"; readonly cameMs: number }[] = [];
  #queuedBytes = 0;
  #seenBytes = 0;
  #armed: Armed | undefined;
  #struck = false;
  #closed = false;
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: PipeParts) {
    this.#parts = parts;
    parts.from.on("data", (bytes: Buffer) => this.#take(bytes));
    parts.from.on("end", () => this.#take("end"));
    parts.to.on("drain", () => this.#pump());
    parts.to.on("close", () => this.stop());
  }

  /** Of another fault, or none: what it does begins with what has not been passed on. */
  armed(armed: Armed | undefined): void {
    const { direction } = this.#parts;
    const concerns = armed !== undefined && (armed.fault.direction ?? direction) === direction;
    this.#armed = concerns ? armed : undefined;
    this.#struck = false;
    this.#freeAtMs = 0;
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#queue.length = 0;
  }

  #take(bytes: Buffer | "end"): void {
    if (this.#closed) {
      return;
    }
    this.#queue.push({ bytes, cameMs: performance.now() });
    this.#queuedBytes += bytes === "end" ? 0 : bytes.length;
    if (this.#queuedBytes > queueBytesMax) {
      this.#parts.from.pause();
    }
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (;;) {
      if (this.#struckNow()) {
        return;
      }
      const head = this.#queue[0];
      if (head === undefined || this.#closed || this.#parts.to.writableNeedDrain) {
        return;
      }
      const waitMs = this.#waitMs(head);
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#pass(head);
    }
  }

  /** True when nothing more may be passed on for now. */
  #struckNow(): boolean {
    const armed = this.#armed;
    if (armed === undefined || armed.fault.does === "delay" || armed.fault.does === "bandwidth") {
      return false;
    }
    if (!this.#struck && this.#seenBytes >= (armed.fault.afterBytes ?? 0)) {
      this.#struck = true;
      armed.hits++;
      this.#strike(armed);
    }
    if (this.#struck) {
      armed.heldBytes = Math.max(armed.heldBytes, this.#queuedBytes);
    }
    return this.#struck;
  }

  #strike({ fault: { does } }: Armed): void {
    if (does === "reset") {
      this.#parts.reset();
    } else if (does === "half-close") {
      // What comes from now on is read and thrown away: the sender is not to notice.
      this.#closed = true;
      this.#queue.length = 0;
      this.#parts.from.resume();
      this.#parts.to.end();
    }
  }

  #waitMs({ bytes, cameMs }: { bytes: Buffer | "end"; cameMs: number }): number {
    const armed = this.#armed;
    if (armed === undefined || this.#seenBytes < (armed.fault.afterBytes ?? 0)) {
      return 0;
    }
    const { does, delayMs = delayMsDefault } = armed.fault;
    if (does === "delay") {
      return cameMs + delayMs - performance.now();
    }
    if (does === "bandwidth" && bytes !== "end") {
      this.#freeAtMs = Math.max(this.#freeAtMs, cameMs);
      return this.#freeAtMs - performance.now();
    }
    return 0;
  }

  #pass(head: { bytes: Buffer | "end" }): void {
    const { to, from, passed } = this.#parts;
    if (head.bytes === "end") {
      this.#queue.shift();
      to.end();
      return;
    }
    const piece = head.bytes.subarray(0, this.#pieceBytes(head.bytes.length));
    if (piece.length === head.bytes.length) {
      this.#queue.shift();
    } else {
      head.bytes = head.bytes.subarray(piece.length);
    }
    this.#noteSlowed(piece.length);
    this.#queuedBytes -= piece.length;
    this.#seenBytes += piece.length;
    passed(piece.length);
    to.write(piece);
    if (this.#queuedBytes <= queueBytesMax) {
      from.resume();
    }
  }

  /** Up to the byte at which the fault begins; and with a bandwidth, what fits into a twentieth of a second. */
  #pieceBytes(available: number): number {
    const armed = this.#armed;
    if (armed === undefined) {
      return available;
    }
    const untilFault = (armed.fault.afterBytes ?? 0) - this.#seenBytes;
    if (untilFault > 0) {
      return Math.min(available, untilFault);
    }
    const { bytesPerSecond = 0, does } = armed.fault;
    return does === "bandwidth" ? Math.min(available, Math.max(1, Math.floor(bytesPerSecond / 20))) : available;
  }

  #noteSlowed(bytes: number): void {
    const armed = this.#armed;
    if (armed === undefined || this.#seenBytes < (armed.fault.afterBytes ?? 0)) {
      return;
    }
    const { does, bytesPerSecond = 0 } = armed.fault;
    if (does === "delay" || does === "bandwidth") {
      armed.hits++;
    }
    if (does === "bandwidth") {
      this.#freeAtMs += (bytes / bytesPerSecond) * 1000;
    }
  }
}
