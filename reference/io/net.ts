/** TCP on the real machine. */
import { createServer, type Socket as NodeSocket, type Server } from "node:net";
import type { Listener, Net, Socket, SocketHandler } from "../ports.ts";
import { readShared } from "./shared-read.ts";

export const systemNet: Net = {
  listen({ host, port }, accept): Promise<Listener> {
    const sockets = new Set<TcpSocket>();
    const server = createServer({ noDelay: true, allowHalfOpen: false, pauseOnConnect: true }, (accepted) => {
      const socket = new TcpSocket(accepted);
      sockets.add(socket);
      socket.onClose = () => sockets.delete(socket);
      accept(socket);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, backlog: 1024 }, () => {
        server.removeListener("error", reject);
        resolve(listener(server, host, sockets));
      });
    });
  },
};

function listener(server: Server, host: string, sockets: ReadonlySet<TcpSocket>): Listener {
  const address = server.address();
  return {
    host,
    port: typeof address === "object" && address !== null ? address.port : 0,
    close(): Promise<void> {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) {
          socket.end();
        }
        // A peer that doesn't read must not hold up the end.
        setTimeout(() => {
          for (const socket of sockets) {
            socket.destroy();
          }
        }, CLOSING_MS).unref();
      });
    },
  };
}

const CLOSING_MS = 500;

const DEAF: SocketHandler = {
  data: () => undefined,
  drain: () => undefined,
  closed: () => undefined,
};

class TcpSocket implements Socket {
  handler: SocketHandler = DEAF;
  onClose: (() => void) | undefined;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly #socket: NodeSocket;
  #error: Error | undefined;
  #drainOwed = false;
  /** Node's own drain event comes only for queues above its high-water mark, so every write asks for its end. */
  readonly #written = (): void => {
    if (this.#drainOwed && this.#socket.writableLength === 0) {
      this.#drainOwed = false;
      this.handler.drain();
    }
  };

  constructor(accepted: NodeSocket) {
    const socket = readShared(accepted, (bytes) => this.handler.data(bytes));
    this.#socket = socket;
    this.remoteHost = plainHost(socket.remoteAddress ?? "");
    this.remotePort = socket.remotePort ?? 0;
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.onClose?.();
      this.handler.closed(this.#error);
    });
  }

  write(bytes: Uint8Array): number {
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      return 0;
    }
    this.#socket.write(bytes, this.#written);
    // Node tries the system call at once: an empty queue means that the kernel has the bytes and the buffer is free.
    const queued = this.#socket.writableLength;
    this.#drainOwed = queued > 0;
    return queued;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    // Also for a peer that never reads: the socket goes as soon as what is queued is written or the peer hangs up.
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** An IPv4 peer of a dual-stack listener has an IPv6 name. */
function plainHost(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
