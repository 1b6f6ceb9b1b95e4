/** A TCP server for tests of the wire: says what the test tells it to, keeps what it hears. Not part of the judge. */
import net from "node:net";

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Everything heard on all connections, as text. */
  heard(): string;
  /** Resolves once `text` was heard; rejects after five seconds. */
  untilHeard(text: string): Promise<void>;
}

export const scriptedInfo = 'INFO {"server_id":"S","version":"2.15.0","headers":true,"max_payload":1048576} \r\n';

export interface Script {
  readonly onConnection?: (socket: net.Socket) => void;
  /** Called with what arrived in one read. */
  readonly onData?: (text: string, socket: net.Socket) => void;
}

/** Without a script: INFO, and PONG for every PING. */
export async function startScriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const { onConnection = (socket) => socket.write(scriptedInfo), onData = answerPings } = script;
  const sockets = new Set<net.Socket>();
  let heard = "";
  let check: () => void = () => undefined;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      onData(chunk.toString("latin1"), socket);
      check();
    });
    onConnection(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("a TCP server has a port");
  }
  return {
    url: `nats://127.0.0.1:${address.port}`,
    port: address.port,
    heard: () => heard,
    untilHeard: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not heard: ${JSON.stringify(text)}, but ${JSON.stringify(heard)}`)), 5000);
        check = () => {
          if (heard.includes(text)) {
            clearTimeout(timer);
            resolve();
          }
        };
        check();
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

export function answerPings(text: string, socket: net.Socket): void {
  for (const _ of text.matchAll(/PING\r\n/g)) {
    socket.write("PONG\r\n");
  }
}
