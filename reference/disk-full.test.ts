/** A server whose disk fills up: publishes are refused at once, what makes room works, and writing goes on without a restart. */
import { expect, test } from "vitest";
import { Machine } from "./server-machine.contract.ts";

const config = JSON.stringify({ name: "S", subjects: ["s.>"] });

async function settled(): Promise<void> {
  for (let at = 0; at < 40; at += 1) {
    await Promise.resolve();
  }
}

test("a full disk refuses messages with an error, still deletes and acknowledges, and goes on when space returns", async () => {
  const machine = new Machine();
  await machine.start();
  await settled();
  const client = machine.client();
  machine.ask(client, "$JS.API.STREAM.CREATE.S", config);
  machine.ask(client, "$JS.API.CONSUMER.DURABLE.CREATE.S.C", '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit"}}');
  machine.disk.freeBytes = 4_000;
  const acknowledged: string[] = [];
  let answer = "";
  for (let count = 0; count < 100; count += 1) {
    answer = machine.ask(client, "s.a", "x".repeat(200));
    if (answer.includes('"error"')) {
      break;
    }
    acknowledged.push(answer);
  }
  const refusal = '"error":{"code":503,"err_code":10023,"description":"insufficient resources"}';
  expect(answer).toContain(refusal);
  expect(acknowledged.length).toBeGreaterThan(5);
  expect(machine.page("/healthz")?.body).toContain("the disk is full");

  machine.disk.freeBytes = 0;
  expect(machine.ask(client, "$JS.API.STREAM.MSG.DELETE.S", '{"seq":1}')).toContain('"success":true');
  const delivered = machine.ask(client, "$JS.API.CONSUMER.MSG.NEXT.S.C", '{"batch":1,"no_wait":true}');
  const ack = /\$JS\.ACK\.S\.C\.\S+/.exec(delivered)?.[0] ?? "";
  expect(machine.ask(client, ack, "+ACK")).toContain("MSG");
  expect(machine.ask(client, "$JS.API.STREAM.PURGE.S", '{"keep":2}')).toContain(`"purged":${acknowledged.length - 3}`);
  expect(machine.ask(client, "s.a", "still full")).toContain(refusal);

  machine.disk.freeBytes = 100_000_000;
  for (let look = 0; look < 3; look += 1) {
    machine.clock.advance(1_000);
    await settled();
  }
  expect(machine.ask(client, "s.a", "room")).toContain(`"seq":${acknowledged.length + 1}`);
  expect(machine.page("/healthz")?.body).toBe('{"status":"ok"}');
  machine.disk.powerCut({ keep: "nothing" });
  machine.clock.dropTimers();
  await machine.start();
  expect(machine.ask(machine.client(), "$JS.API.STREAM.INFO.S", "")).toContain(`"messages":3`);
});
