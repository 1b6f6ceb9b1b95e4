/** The server as a whole on a simulated machine. */
import { expect, test } from "vitest";
import { inboxOf, Machine } from "./server-machine.contract.ts";

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
