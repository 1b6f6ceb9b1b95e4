/** Replays of what is only on the disk: nobody waits for a read but the consumer that wants it, and the disk is asked for large pieces. */
import { expect, test } from "vitest";
import { inboxOf, Machine } from "../server-machine.contract.ts";
import type { SimulatedPeer } from "../sim/simulated-net.ts";

const config = '{"name":"S","subjects":["s"]}';
const pull = (client: SimulatedPeer, batch: number) => {
  const body = `{"batch":${batch},"expires":1000000000}`;
  return `PUB $JS.API.CONSUMER.MSG.NEXT.S.C ${inboxOf(client)} ${body.length}\r\n${body}\r\n`;
};
const delivered = (text: string) => [...text.matchAll(/MSG s \S+ \$JS\.ACK\.S\.C\.\d+\.(\d+)\./g)].map(([, sequence]) => Number(sequence));

/** That many messages of that size, and a consumer; the server was started again, so nothing of them is in memory. */
async function cold({ count, bytes, segmentBytes }: { count: number; bytes: number; segmentBytes: number }): Promise<Machine> {
  const machine = new Machine({ segmentBytes, cacheBytes: 4 * 1024 * 1024 });
  const server = await machine.start();
  const before = machine.client();
  machine.ask(before, "$JS.API.STREAM.CREATE.S", config);
  for (let at = 0; at < count; at += 100) {
    const messages = Array.from(
      { length: Math.min(100, count - at) },
      (_, offset) => `PUB s ${bytes}\r\n${String(at + offset + 1).padEnd(bytes, "x")}\r\n`,
    );
    machine.say(before, messages.join(""));
  }
  machine.ask(before, "$JS.API.CONSUMER.CREATE.S.C", '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"none"}}');
  await server.stop();
  await machine.start();
  machine.disk.proceedsByItself = false;
  return machine;
}

test("a consumer waits for the disk, and nobody else does", async () => {
  const machine = await cold({ count: 60, bytes: 200, segmentBytes: 4096 });
  const [reader, other] = [machine.client(), machine.client()];
  reader.send(pull(reader, 60));
  machine.turns.settle();
  other.send("PING\r\n");
  machine.turns.settle();
  expect([delivered(reader.takeReceived()), other.takeReceived()]).toEqual([[], "PONG\r\n"]);
  expect(delivered(machine.say(reader, ""))).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
});

test("a replay asks the disk for a megabyte at once", async () => {
  const machine = await cold({ count: 6000, bytes: 500, segmentBytes: 4 * 1024 * 1024 });
  const reader = machine.client();
  const before = machine.disk.count("read");
  expect(delivered(machine.say(reader, pull(reader, 6000)))).toEqual(Array.from({ length: 6000 }, (_, at) => at + 1));
  // Three megabytes, and two reads for each record that lies across the blocks of 128 KiB.
  expect(machine.disk.count("read") - before).toBeLessThan(4 + 2 * 26);
});

test("a fetch that fails is followed by a read, and a message that can be read then is not lost", async () => {
  const machine = await cold({ count: 60, bytes: 200, segmentBytes: 4096 });
  const reader = machine.client();
  machine.disk.failAt({ call: "read", nth: 1, code: "EIO" });
  expect(delivered(machine.say(reader, pull(reader, 60)))).toHaveLength(60);
  expect(machine.page("/healthz")?.body).toContain('"ok"');
});

test("a pull that waits for the disk is not told that there is nothing", async () => {
  const machine = await cold({ count: 5, bytes: 200, segmentBytes: 4096 });
  const reader = machine.client();
  const body = '{"batch":5,"no_wait":true}';
  const received = machine.say(reader, `PUB $JS.API.CONSUMER.MSG.NEXT.S.C ${inboxOf(reader)} ${body.length}\r\n${body}\r\n`);
  expect(delivered(received)).toEqual([1, 2, 3, 4, 5]);
  expect(received).not.toContain("404");
});

test("what was deleted while it was fetched is not delivered", async () => {
  const machine = await cold({ count: 5, bytes: 200, segmentBytes: 4096 });
  const [reader, other] = [machine.client(), machine.client()];
  reader.send(pull(reader, 5));
  machine.turns.settle();
  other.send(`PUB $JS.API.STREAM.MSG.DELETE.S ${inboxOf(other)} 9\r\n{"seq":1}\r\n`);
  machine.turns.settle();
  expect(delivered(machine.say(reader, ""))).toEqual([2, 3, 4, 5]);
});
