/** The whole server on simulated ports, for tests: no socket, no file, no time but the test's. */
import { DEFAULT_JETSTREAM_OPTIONS, DEFAULT_SERVER_OPTIONS } from "./config/server-options.ts";
import type { StoreSizes } from "./jetstream-assembly.ts";
import type { PageReply } from "./monitor/pages.ts";
import { createServer, type Server } from "./server.ts";
import type { ServerLog } from "./server-log.ts";
import { CrashableDisk } from "./sim/crashable-disk.ts";
import { SeededRandom } from "./sim/seeded-random.ts";
import { SimulatedNet, type SimulatedPeer, SimulatedTurns } from "./sim/simulated-net.ts";
import { VirtualClock } from "./sim/virtual-clock.ts";

export class Machine {
  readonly disk = new CrashableDisk();
  readonly clock = new VirtualClock();
  /** What the server told its log, of all lives. */
  readonly logged: string[] = [];
  turns = new SimulatedTurns();
  readonly #sizes: StoreSizes;
  #net = new SimulatedNet();
  #page: ((path: string, query: URLSearchParams) => PageReply) | undefined;

  constructor(sizes: StoreSizes = {}) {
    this.#sizes = sizes;
  }

  async start(): Promise<Server> {
    this.turns = new SimulatedTurns();
    this.#net = new SimulatedNet();
    return await createServer(
      {
        ...DEFAULT_SERVER_OPTIONS,
        port: 4222,
        monitor: { host: "127.0.0.1", port: 8222 },
        jetstream: { ...DEFAULT_JETSTREAM_OPTIONS, storeDirectory: "/data" },
      },
      { clock: this.clock, disk: this.disk, net: this.#net, random: new SeededRandom(3), turns: this.turns },
      {
        log: this.#log(),
        sameSecret: (a, b) => a === b,
        machineMemoryBytes: 1024 ** 3,
        storeSizes: this.#sizes,
        machineStatus: () => ({ cores: 1, memoryBytes: 1, cpuPercent: 0 }),
        listenHttp: ({ host, port }, page) => {
          this.#page = page;
          return Promise.resolve({ host, port, close: () => Promise.resolve() });
        },
        temporaryDirectory: () => ({ path: "/tmp", remove: () => undefined }),
      },
    );
  }

  #log(): ServerLog {
    const keep = (text: string): void => void this.logged.push(text);
    return { debugging: false, tracing: false, fatal: keep, error: keep, warn: keep, info: keep, debug: keep, trace: keep };
  }

  /** A client with an inbox of its own, greeted and ready. */
  client(): SimulatedPeer {
    const peer = this.#net.connect(4222);
    this.say(peer, `CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${inboxOf(peer)} 1\r\n`);
    return peer;
  }

  say(peer: SimulatedPeer, text: string): string {
    peer.send(text);
    do {
      this.turns.settle();
    } while (this.disk.proceed());
    return peer.takeReceived();
  }

  ask(peer: SimulatedPeer, subject: string, body: string): string {
    return this.say(peer, `PUB ${subject} ${inboxOf(peer)} ${body.length}\r\n${body}\r\n`);
  }

  page(path: string): PageReply | undefined {
    return this.#page?.(path, new URLSearchParams());
  }
}

export function inboxOf(peer: SimulatedPeer): string {
  return `inbox-${peer.socket.remotePort}`;
}
