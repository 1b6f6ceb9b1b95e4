/** The whole server on simulated ports: no socket, no file, no time but the test's. */
import { expect, test } from "vitest";
import { DEFAULT_JETSTREAM_OPTIONS, DEFAULT_SERVER_OPTIONS } from "./config/server-options.ts";
import type { PageReply } from "./monitor/pages.ts";
import { createServer, type Server } from "./server.ts";
import { CrashableDisk } from "./sim/crashable-disk.ts";
import { SeededRandom } from "./sim/seeded-random.ts";
import { SimulatedNet, type SimulatedPeer, SimulatedTurns } from "./sim/simulated-net.ts";
import { VirtualClock } from "./sim/virtual-clock.ts";

class Machine {
  readonly disk = new CrashableDisk();
  readonly clock = new VirtualClock();
  turns = new SimulatedTurns();
  #net = new SimulatedNet();
  #page: ((path: string, query: URLSearchParams) => PageReply) | undefined;

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
        sameSecret: (a, b) => a === b,
        machineMemoryBytes: 1024 ** 3,
        machineStatus: () => ({ cores: 1, memoryBytes: 1, cpuPercent: 0 }),
        listenHttp: ({ host, port }, page) => {
          this.#page = page;
          return Promise.resolve({ host, port, close: () => Promise.resolve() });
        },
        temporaryDirectory: () => ({ path: "/tmp", remove: () => undefined }),
      },
    );
  }

  /** A client with an inbox of its own, greeted and ready. */
  client(): SimulatedPeer {
    const peer = this.#net.connect(4222);
    this.say(peer, `CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${inboxOf(peer)} 1\r\n`);
    return peer;
  }

  say(peer: SimulatedPeer, text: string): string {
    peer.send(text);
    this.turns.settle();
    return peer.takeReceived();
  }

  ask(peer: SimulatedPeer, subject: string, body: string): string {
    return this.say(peer, `PUB ${subject} ${inboxOf(peer)} ${body.length}\r\n${body}\r\n`);
  }

  page(path: string): PageReply | undefined {
    return this.#page?.(path, new URLSearchParams());
  }
}

function inboxOf(peer: SimulatedPeer): string {
  return `inbox-${peer.socket.remotePort}`;
}

const create = JSON.stringify({ name: "S", subjects: ["s.>"] });

test("what was acknowledged is there after a power cut that keeps nothing unsynced", async () => {
  const machine = new Machine();
  await machine.start();
  const client = machine.client();
  expect(machine.ask(client, "$JS.API.STREAM.CREATE.S", create)).toContain('"name":"S"');
  expect(machine.ask(client, "s.a", "one")).toContain('{"stream":"S","seq":1}');
  machine.disk.powerCut({ keep: "nothing" });
  machine.clock.dropTimers();
  await machine.start();
  expect(machine.ask(machine.client(), "$JS.API.STREAM.INFO.S", "")).toContain('"messages":1');
});

test("a reply is not on the wire before the sync that makes it true", async () => {
  const machine = new Machine();
  await machine.start();
  const client = machine.client();
  machine.ask(client, "$JS.API.STREAM.CREATE.S", create);
  const syncs = machine.disk.count("sync");
  client.send(`PUB s.a ${inboxOf(client)} 1\r\nx\r\n`);
  expect([client.received, machine.disk.count("sync")]).toEqual(["", syncs]);
  machine.turns.settle();
  expect(client.received).toContain('"seq":1');
  expect(machine.disk.count("sync")).toBe(syncs + 1);
});

test("a disk that fails for good switches JetStream off: nothing is acknowledged, the rest works on, and health says why", async () => {
  const machine = new Machine();
  const server = await machine.start();
  const [client, other] = [machine.client(), machine.client()];
  machine.ask(client, "$JS.API.STREAM.CREATE.S", create);
  expect(machine.page("/healthz")).toMatchObject({ status: 200 });
  machine.disk.failAt({ call: "any", nth: 1, code: "EIO", forever: true });
  expect(machine.ask(client, "s.a", "one")).toBe("");
  expect(client.isClosed).toBe(true);
  expect(machine.say(other, "SUB core 5\r\nPUB core 2\r\nhi\r\n")).toBe("MSG core 5 2\r\nhi\r\n");
  expect(machine.ask(other, "s.a", "two")).toContain("NATS/1.0 503");
  const health = machine.page("/healthz");
  expect(health).toMatchObject({ status: 503, body: expect.stringContaining("JetStream failed and is switched off") });
  await server.stop();
});

test("stop and start again on the same disk keeps everything", async () => {
  const machine = new Machine();
  const server = await machine.start();
  const client = machine.client();
  machine.ask(client, "$JS.API.STREAM.CREATE.S", create);
  machine.ask(client, "s.a", "one");
  await server.stop();
  expect(client.isClosed).toBe(true);
  await machine.start();
  expect(machine.ask(machine.client(), "s.a", "two")).toContain('"seq":2');
});

test("a second server on the same store is refused and the first works on", async () => {
  const machine = new Machine();
  await machine.start();
  await expect(machine.start()).rejects.toMatchObject({ code: "locked" });
});
