/**
 * A whole machine in memory: the reference server on a disk that forgets, a clock that waits, a network without wires. Everything that
 * happens on it follows from its seed and from what is done to it; its trace is a checksum over all of that.
 */
import { crc32 } from "node:zlib";
import { DEFAULT_JETSTREAM_OPTIONS, DEFAULT_SERVER_OPTIONS } from "../../reference/config/server-options.ts";
import type { PageReply } from "../../reference/monitor/pages.ts";
import { createServer, type Server } from "../../reference/server.ts";
import { CrashableDisk } from "../../reference/sim/crashable-disk.ts";
import { SeededRandom } from "../../reference/sim/seeded-random.ts";
import { SimulatedNet, SimulatedTurns } from "../../reference/sim/simulated-net.ts";
import { VirtualClock } from "../../reference/sim/virtual-clock.ts";
import type { CommitPacing } from "../../reference/store/commit-pacing.ts";
import { SimulatedClient } from "./client.ts";
import type { Ending } from "./operations.ts";

const port = 4222;
export const startMs = 1_700_000_000_000;

export interface MachineSizes {
  readonly segmentBytes: number;
  readonly checkpointSegments: number;
  /** Most commits happen in the background, and what comes meanwhile is seen before they end. */
  readonly isSlow?: boolean;
}

/** Which commits block is left to chance: the store must be right whichever way it measured the disk. */
class RandomPacing implements CommitPacing {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  get isInBackground(): boolean {
    return this.#random.below(8) > 0;
  }

  blocked(): void {}
  flew(): void {}
}

export class Machine {
  readonly disk = new CrashableDisk();
  readonly clock = new VirtualClock(BigInt(startMs) * 1_000_000n);
  /** Changes with everything that any client ever received and with the disk calls it took. */
  trace = 0;
  #turns = new SimulatedTurns();
  #net: SimulatedNet;
  #server: Server | undefined;
  #page: ((path: string, query: URLSearchParams) => PageReply) | undefined;
  #clients = 0;
  readonly #seed: number;
  readonly #sizes: MachineSizes;

  constructor(seed: number, sizes: MachineSizes) {
    this.#seed = seed;
    this.#sizes = sizes;
    this.disk.proceedsByItself = false;
    this.#net = new SimulatedNet(() => !this.disk.isDead);
  }

  get isSlow(): boolean {
    return this.#sizes.isSlow === true;
  }

  get nowMs(): number {
    return startMs + this.clock.nowMs();
  }

  get health(): string {
    const reply = this.#page?.("/healthz", new URLSearchParams());
    return reply === undefined ? "no page" : `${reply.status} ${reply.body}`;
  }

  async start(): Promise<void> {
    const turns = new SimulatedTurns();
    const net = new SimulatedNet(() => !this.disk.isDead);
    this.#turns = turns;
    this.#net = net;
    this.#server = await createServer(
      {
        ...DEFAULT_SERVER_OPTIONS,
        port,
        name: "simulated",
        monitor: { host: "127.0.0.1", port: 8222 },
        jetstream: { ...DEFAULT_JETSTREAM_OPTIONS, storeDirectory: "/data", maxStorage: 2 ** 40 },
      },
      { clock: this.clock, disk: this.disk.session(), net, random: new SeededRandom(this.#seed), turns },
      {
        sameSecret: (a, b) => a === b,
        machineMemoryBytes: 2 ** 30,
        machineStatus: () => ({ cores: 1, memoryBytes: 1, cpuPercent: 0 }),
        storeSizes: {
          segmentBytes: this.#sizes.segmentBytes,
          checkpointSegments: this.#sizes.checkpointSegments,
          cacheBytes: this.#sizes.segmentBytes * 8,
          ...(this.isSlow ? { pacing: new RandomPacing(this.#seed) } : {}),
        },
        listenHttp: ({ host, port: asked }, page) => {
          this.#page = page;
          return Promise.resolve({ host, port: asked, close: () => Promise.resolve() });
        },
        temporaryDirectory: () => ({ path: "/tmp", remove: () => undefined }),
      },
    );
    this.settle();
  }

  /** Ends the server in order; throws what stopping throws. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.settle();
    this.disk.proceedsByItself = true;
    try {
      await server?.stop();
    } finally {
      this.disk.proceedsByItself = false;
      this.clock.dropTimers();
    }
  }

  /** The server's objects stay in memory, but nothing reaches them any more. */
  end({ keep, seed }: Ending): void {
    this.#server = undefined;
    this.#turns = new SimulatedTurns();
    this.#net = new SimulatedNet();
    this.clock.dropTimers();
    this.note(`ended ${keep}`);
    if (keep === "kill") {
      this.disk.kill();
    } else {
      this.disk.powerCut({ keep, seed });
    }
    this.disk.freeBytes = Number.POSITIVE_INFINITY;
  }

  connect(): SimulatedClient {
    this.#clients += 1;
    return new SimulatedClient(this.#net.connect(port), String(this.#clients));
  }

  /** Ends turns until nothing is asked for any more, and the disk has done what it was told. */
  settle(): void {
    do {
      this.#turns.settle();
    } while (this.disk.proceed());
  }

  /** Ends turns while the disk gets no further than that many calls. */
  glance(calls: number): void {
    this.#turns.settle();
    for (let at = 0; at < calls && this.disk.proceed(); at += 1) {
      this.#turns.settle();
    }
  }

  /** Lets what was begun asynchronously go on; it needs no more than microtasks, because the disk is in memory. */
  async rest(): Promise<void> {
    for (let at = 0; at < 8; at += 1) {
      await Promise.resolve();
    }
  }

  note(text: string): void {
    this.trace = crc32(`${text} ${this.disk.count("any")} ${this.clock.nowMs()}`, this.trace);
  }
}
