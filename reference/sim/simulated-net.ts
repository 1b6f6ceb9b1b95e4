/**
 * A network inside the program. Bytes arrive within the call that sends them, in pieces of the length the peer asks for; a peer may stop
 * reading, which fills the server's queue as a slow client does, and what is sent to a server that does not read arrives when it does.
 */
import type { Listener, Net, Socket, SocketHandler, Turns } from "../ports.ts";

/** Ends turns when told. */
export class SimulatedTurns implements Turns {
  #waiting: (() => void)[] = [];

  atEnd(run: () => void): void {
    this.#waiting.push(run);
  }

  /** Ends turns until none is asked for; returns how many that took. */
  settle(roundsMax = 10_000): number {
    let rounds = 0;
    for (; this.#waiting.length > 0; rounds += 1) {
      if (rounds >= roundsMax) {
        throw new Error(`the server is still busy after ${roundsMax} turns`);
      }
      const runs = this.#waiting;
      this.#waiting = [];
      for (const run of runs) {
        run();
      }
    }
    return rounds;
  }
}

export class SimulatedNet implements Net {
  readonly #listeners = new Map<number, (socket: Socket) => void>();
  readonly #isUp: () => boolean;
  #lastPort = 40_000;

  /** While `isUp` says no, the machine is off: nothing it still writes arrives. */
  constructor(isUp: () => boolean = () => true) {
    this.#isUp = isUp;
  }

  listen({ host, port }: { host: string; port: number }, accept: (socket: Socket) => void): Promise<Listener> {
    const chosen = port === 0 ? ++this.#lastPort : port;
    if (this.#listeners.has(chosen)) {
      return Promise.reject(Object.assign(new Error(`port ${chosen} is taken`), { code: "EADDRINUSE" }));
    }
    this.#listeners.set(chosen, accept);
    const close = (): Promise<void> => {
      this.#listeners.delete(chosen);
      return Promise.resolve();
    };
    return Promise.resolve({ host, port: chosen, close });
  }

  connect(port: number): SimulatedPeer {
    const accept = this.#listeners.get(port);
    if (accept === undefined) {
      throw Object.assign(new Error(`nobody listens on port ${port}`), { code: "ECONNREFUSED" });
    }
    const peer = new SimulatedPeer(++this.#lastPort, this.#isUp);
    accept(peer.socket);
    return peer;
  }
}

const DEAF: SocketHandler = { data: () => undefined, drain: () => undefined, closed: () => undefined };

/** The client's end of a connection. */
export class SimulatedPeer {
  readonly socket: Socket;
  readonly #isUp: () => boolean;
  #received = "";
  #queued = "";
  #reading = true;
  /** Sent while the server does not read; a hang-up comes after it. */
  #unread: (() => void)[] = [];
  #isPaused = false;
  #closed = false;

  constructor(port: number, isUp: () => boolean) {
    this.#isUp = isUp;
    this.socket = {
      remoteHost: "127.0.0.1",
      remotePort: port,
      handler: DEAF,
      write: (bytes) => this.#take(bytes),
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => this.#resume(),
      end: () => this.#end(undefined),
      destroy: () => this.#end(undefined),
    };
  }

  /** Everything received so far, one character a byte. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** What arrived since the last call. */
  takeReceived(): string {
    const received = this.#received;
    this.#received = "";
    return received;
  }

  /** Sends text, one byte a character, in pieces of `pieceLength` bytes. */
  send(text: string, pieceLength = text.length): void {
    const bytes = Buffer.from(text, "latin1");
    for (let at = 0; at < bytes.length && !this.#closed; at += Math.max(pieceLength, 1)) {
      // A copy, because the socket's bytes are its own again after the call: whoever keeps them reads rubbish.
      const piece = Buffer.from(bytes.subarray(at, at + Math.max(pieceLength, 1)));
      this.#arrive(() => {
        this.socket.handler.data(piece);
        piece.fill(0xff);
      });
    }
  }

  stopReading(): void {
    this.#reading = false;
  }

  resumeReading(): void {
    this.#reading = true;
    this.#received += this.#queued;
    this.#queued = "";
    this.socket.handler.drain();
  }

  hangUp(error?: Error): void {
    this.#arrive(() => this.#end(error));
  }

  #arrive(event: () => void): void {
    if (this.#isPaused) {
      this.#unread.push(event);
    } else {
      event();
    }
  }

  #resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && !this.#closed) {
      const event = this.#unread.shift();
      if (event === undefined) {
        return;
      }
      event();
    }
  }

  #take(bytes: Uint8Array): number {
    const text = Buffer.from(bytes).toString("latin1");
    if (this.#closed || !this.#isUp()) {
      return 0;
    }
    if (this.#reading) {
      this.#received += text;
    } else {
      this.#queued += text;
    }
    return this.#queued.length;
  }

  #end(error: Error | undefined): void {
    if (!this.#closed) {
      this.#closed = true;
      this.socket.handler.closed(error);
    }
  }
}
