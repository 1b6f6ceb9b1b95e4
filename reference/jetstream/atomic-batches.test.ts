import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { JetStreamFixture } from "./jetstream-fixture.contract.ts";

const config = { name: "S", subjects: ["s.>"], allow_atomic: true };

function batch(sequence: number, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": String(sequence), ...more };
}

const commit = { "Nats-Batch-Commit": "1" };
const messages = (fixture: JetStreamFixture) => fixture.api("STREAM.INFO.S").state?.messages;

test("nothing of an atomic batch is stored before its commit, and then all of it", () => {
  const fixture = new JetStreamFixture();
  fixture.createStream(config);
  expect(fixture.request("s.a", "one", batch(1))).toBe("");
  expect(messages(fixture)).toBe(0);
  expect(fixture.request("s.b", "two", batch(2, commit))).toBe('{"stream":"S","seq":2,"batch":"b","count":2}');
  expect(messages(fixture)).toBe(2);
});

test("one message that is refused refuses the whole batch", () => {
  const fixture = new JetStreamFixture();
  fixture.createStream(config);
  fixture.request("s.a", "", batch(1));
  expect(fixture.send("s.b", "", batch(2, { ...commit, "Nats-Expected-Stream": "T" })).error?.err_code).toBe(10060);
  expect(messages(fixture)).toBe(0);
});

test("a batch that gets nothing for ten seconds is abandoned and told so", () => {
  const fixture = new JetStreamFixture();
  fixture.createStream(config);
  const heard: string[] = [];
  fixture.account.subscribe("$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S", (message) => {
    heard.push(Buffer.from(message.buffer.subarray(message.payloadStart, message.payloadEnd)).toString("utf8"));
  });
  fixture.request("s.a", "", batch(1));
  fixture.advance(10_001);
  expect(heard[0]).toContain('"stream":"S","batch":"b","reason":"timeout"');
  expect(fixture.send("s.a", "", batch(2, commit)).error?.err_code).toBe(10176);
});

test("a power cut before the commit is synced leaves nothing of the batch, one after it leaves all", async () => {
  const disk = new CrashableDisk();
  const fixture = await JetStreamFixture.onDisk(disk);
  fixture.createStream({ ...config, storage: "file" });
  fixture.request("s.a", "kept", batch(1));
  fixture.request("s.a", "kept", batch(2, commit));
  fixture.publish("s.a", { data: "lost", headers: batch(1) });
  fixture.publish("s.a", { data: "lost", headers: batch(2, commit) });
  disk.powerCut({ keep: "nothing" });
  const after = await JetStreamFixture.onDisk(disk, { clock: fixture.clock });
  expect(messages(after)).toBe(2);
});
