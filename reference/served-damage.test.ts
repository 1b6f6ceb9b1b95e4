/** Damage below what was promised is told wherever somebody could take it for something else: API, advisories, health page, log. */
import { expect, test } from "vitest";
import { inboxOf, Machine } from "./server-machine.contract.ts";
import type { SimulatedPeer } from "./sim/simulated-net.ts";

const segment = "/data/jetstream/log/0000000001.log";
const config = JSON.stringify({ name: "S", subjects: ["s.>"], allow_direct: true });

/** A stopped server with messages 1 to 5, of which 3, the only one on `s.three`, gets a flipped bit; started again. */
async function damaged(machine = new Machine()): Promise<{ machine: Machine; client: SimulatedPeer }> {
  const server = await machine.start();
  const before = machine.client();
  machine.ask(before, "$JS.API.STREAM.CREATE.S", config);
  for (const subject of ["s.one", "s.two", "s.three", "s.one", "s.two"]) {
    machine.ask(before, subject, `content of ${subject}`);
  }
  await server.stop();
  flip(machine, "content of s.three");
  await machine.start();
  return { machine, client: machine.client() };
}

function flip(machine: Machine, text: string): void {
  const at = new TextDecoder("latin1").decode(machine.disk.contents(segment)).lastIndexOf(text);
  machine.disk.corrupt(segment, at, 1);
}

function publishExpecting(machine: Machine, client: SimulatedPeer, subject: string, lastSequence: number): string {
  const headers = `NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${lastSequence}\r\n\r\n`;
  return machine.say(client, `HPUB ${subject} ${inboxOf(client)} ${headers.length} ${headers.length + 1}\r\n${headers}x\r\n`);
}

test("STREAM.INFO lists what is lost, and the last sequence stays", async () => {
  const { machine, client } = await damaged();
  const info = machine.ask(client, "$JS.API.STREAM.INFO.S", "");
  expect(info).toContain('"lost":{"msgs":[3],"bytes":0}');
  expect(info).toContain('"messages":4');
  expect(info).toContain('"last_seq":5');
});

test("a get of a lost message is an error of its own, one of a message that never was is not", async () => {
  const { machine, client } = await damaged();
  const damage = '"error":{"code":500,"err_code":10051,"description":"message 3 is damaged and can not be read"}';
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"seq":3}')).toContain(damage);
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"last_by_subj":"s.three"}')).toContain(damage);
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"seq":6}')).toContain('"err_code":10037');
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"last_by_subj":"s.one"}')).toContain('"seq":4');
});

test("direct gets answer with status 500, a batch stops at the hole and can go on behind it", async () => {
  const { machine, client } = await damaged();
  expect(machine.ask(client, "$JS.API.DIRECT.GET.S", '{"seq":3}')).toContain("NATS/1.0 500 Message Damaged\r\nNats-Sequence: 3");
  expect(machine.ask(client, "$JS.API.DIRECT.GET.S.s.three", "")).toContain("NATS/1.0 500 Message Damaged");
  expect(machine.ask(client, "$JS.API.DIRECT.GET.S", '{"seq":9}')).toContain("NATS/1.0 404");
  const batch = machine.ask(client, "$JS.API.DIRECT.GET.S", '{"seq":1,"batch":10}');
  expect([batch.includes("Nats-Sequence: 2"), batch.includes("500 Message Damaged"), batch.includes("EOB")]).toEqual([true, true, false]);
  const rest = machine.ask(client, "$JS.API.DIRECT.GET.S", '{"seq":4,"batch":10}');
  expect([rest.includes("500"), rest.includes("204 EOB")]).toEqual([false, true]);
});

test("a create-only publish is refused where the lost message may be the last, until somebody removes it knowingly", async () => {
  const { machine, client } = await damaged();
  expect(publishExpecting(machine, client, "s.three", 0)).toContain('"err_code":10071');
  expect(publishExpecting(machine, client, "s.one", 4)).toContain('"seq":6');
  expect(machine.ask(client, "$JS.API.STREAM.MSG.DELETE.S", '{"seq":3}')).toContain('"success":true');
  expect(machine.ask(client, "$JS.API.STREAM.INFO.S", "")).not.toContain('"lost"');
  expect(publishExpecting(machine, client, "s.three", 0)).toContain('"seq":7');
});

test("what was forgiven stays forgiven after a restart", async () => {
  const { machine, client } = await damaged();
  machine.ask(client, "$JS.API.STREAM.MSG.DELETE.S", '{"seq":3}');
  machine.disk.powerCut({ keep: "nothing" });
  machine.clock.dropTimers();
  await machine.start();
  expect(machine.ask(machine.client(), "$JS.API.STREAM.INFO.S", "")).not.toContain('"lost"');
});

test("a consumer steps over the lost message, with an advisory", async () => {
  const { machine, client } = await damaged();
  const watcher = machine.client();
  machine.say(watcher, "SUB $JS.EVENT.ADVISORY.CONSUMER.MSG_LOST.> 9\r\n");
  machine.ask(client, "$JS.API.CONSUMER.DURABLE.CREATE.S.C", '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit"}}');
  const delivered = machine.ask(client, "$JS.API.CONSUMER.MSG.NEXT.S.C", '{"batch":10,"no_wait":true}');
  expect([...delivered.matchAll(/\$JS\.ACK\.S\.C\.1\.(\d+)\./g)].map(([, sequence]) => sequence)).toEqual(["1", "2", "4", "5"]);
  const advisories = watcher.takeReceived();
  expect(advisories).toContain("$JS.EVENT.ADVISORY.CONSUMER.MSG_LOST.S.C");
  expect(advisories.match(/"stream_seq":3/g)).toHaveLength(1);
});

test("the health page says degraded and what is missing, and the log named it on start", async () => {
  const { machine } = await damaged();
  const page = machine.page("/healthz");
  const place = "message 3 of $G > S: loses messages";
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('"status":"degraded"') });
  expect(page?.body).toContain("lost messages: $G > S: 3");
  expect(page?.body).toContain(place);
  expect(machine.logged.join("\n")).toContain(place);
});

test("a message found damaged while it is read is lost from then on, and the ones behind it are delivered", async () => {
  const machine = new Machine();
  await machine.start();
  const first = machine.client();
  machine.ask(first, "$JS.API.STREAM.CREATE.S", config);
  for (const subject of ["s.one", "s.two", "s.three"]) {
    machine.ask(first, subject, `content of ${subject}`);
  }
  machine.disk.powerCut({ keep: "nothing" });
  machine.clock.dropTimers();
  await machine.start();
  const client = machine.client();
  flip(machine, "content of s.two");
  machine.ask(client, "$JS.API.CONSUMER.DURABLE.CREATE.S.C", '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit"}}');
  const delivered = machine.ask(client, "$JS.API.CONSUMER.MSG.NEXT.S.C", '{"batch":10,"no_wait":true}');
  expect([...delivered.matchAll(/\$JS\.ACK\.S\.C\.1\.(\d+)\./g)].map(([, sequence]) => sequence)).toEqual(["1", "3"]);
  expect(machine.ask(client, "$JS.API.STREAM.INFO.S", "")).toContain('"lost":{"msgs":[2]');
  expect(machine.page("/healthz")?.body).toContain('"status":"degraded"');
  expect(machine.logged.join("\n")).toContain("Message 2 of '$G > S' is damaged and lost");
});
