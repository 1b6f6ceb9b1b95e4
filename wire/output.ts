/**
 * Everything written to one socket. What is added within one turn of the event loop leaves in one write; what the server does not read is
 * bounded. `written` chunks belong to the socket until their callback.
 */
import type net from "node:net";
import { WireError } from "./errors.ts";

/** Small frames are joined before the write: many small writes cost the peer and us more than one copy. */
const joinBytesMax = 256 * 1024;

export class Output {
  readonly #socket: net.Socket;
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #drainWaiters: (() => void)[] = [];

  constructor(socket: net.Socket, bytesMax: number) {
    this.#socket = socket;
    this.#bytesMax = bytesMax;
    socket.on("drain", () => this.#releaseWaiters());
    socket.on("close", () => this.#releaseWaiters());
  }

  /** Bytes not yet taken over by the kernel. */
  get pendingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** True when the caller should wait for `drained` before adding more. */
  get isFull(): boolean {
    return this.pendingBytes >= this.#socket.writableHighWaterMark;
  }

  add(chunk: Uint8Array): void {
    if (this.pendingBytes + chunk.byteLength > this.#bytesMax) {
      throw new WireError(
        "WIRE_OVERFLOW",
        `the server does not read: ${this.pendingBytes} bytes are unsent, the limit is ${this.#bytesMax}`,
      );
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => this.send());
    }
  }

  /** Writes one prepared chunk at once, after what was added before it. The chunk must stay unchanged until `onWritten`. */
  write(chunk: Uint8Array, onWritten?: () => void): void {
    this.send();
    if (this.pendingBytes + chunk.byteLength > this.#bytesMax) {
      throw new WireError(
        "WIRE_OVERFLOW",
        `the server does not read: ${this.pendingBytes} bytes are unsent, the limit is ${this.#bytesMax}`,
      );
    }
    this.#socket.write(chunk, onWritten);
  }

  send(): void {
    this.#scheduled = false;
    if (this.#chunks.length === 0) {
      return;
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    const total = this.#bytes;
    this.#bytes = 0;
    if (this.#socket.destroyed) {
      return;
    }
    if (chunks.length === 1 || total > joinBytesMax) {
      this.#socket.cork();
      for (const chunk of chunks) {
        this.#socket.write(chunk);
      }
      this.#socket.uncork();
      return;
    }
    this.#socket.write(Buffer.concat(chunks, total));
  }

  /** Resolves when there is room again, or when the socket is closed. */
  drained(): Promise<void> {
    this.send();
    if (this.#socket.destroyed || !this.isFull) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve);
    });
  }

  #releaseWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const release of waiters) {
      release();
    }
  }
}
