import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { JetStreamFixture } from "./jetstream-fixture.contract.ts";

async function withStream(config: Readonly<Record<string, unknown>> = {}): Promise<{ disk: CrashableDisk; fixture: JetStreamFixture }> {
  const disk = new CrashableDisk();
  const fixture = await JetStreamFixture.onDisk(disk);
  const { error } = fixture.createStream({ name: "S", subjects: ["s.>"], storage: "file", ...config });
  expect(error).toBeUndefined();
  return { disk, fixture };
}

async function cut({ disk, fixture }: { disk: CrashableDisk; fixture: JetStreamFixture }): Promise<JetStreamFixture> {
  disk.powerCut({ keep: "nothing" });
  return JetStreamFixture.onDisk(disk, { clock: fixture.clock });
}

test("after a power cut a stream has its configuration, its messages and its last sequence", async () => {
  const before = await withStream({ max_msgs: 16, description: "kept", metadata: { a: "1" } });
  ["s.a", "s.b", "s.a"].map((subject) => before.fixture.send(subject, "x", { mine: "1" }));
  before.fixture.api("STREAM.MSG.DELETE.S", { seq: 2 });
  before.fixture.api("STREAM.UPDATE.S", { name: "S", subjects: ["s.>", "t"], max_age: 1e12, storage: "file" });
  const { ts: _before, ...told } = info(before.fixture);
  const { ts: _after, ...recovered } = info(await cut(before));
  expect(recovered).toEqual(told);
});

function info(fixture: JetStreamFixture): Record<string, unknown> {
  return { ...fixture.api("STREAM.INFO.S", { subjects_filter: ">", deleted_details: true }) };
}

test("an emptied stream goes on behind its last sequence", async () => {
  const before = await withStream();
  before.fixture.send("s.a");
  before.fixture.api("STREAM.PURGE.S");
  const after = await cut(before);
  expect(after.api("STREAM.INFO.S").state).toMatchObject({ messages: 0, first_seq: 2, last_seq: 1 });
  expect(after.send("s.a").seq).toBe(2);
});

test("an id stays a duplicate through a restart, also when its message is gone, and only inside its window", async () => {
  const before = await withStream({ duplicate_window: 10e9 });
  before.fixture.send("s.a", "", { "Nats-Msg-Id": "early" });
  before.fixture.advance(8000);
  before.fixture.send("s.a", "", { "Nats-Msg-Id": "late" });
  before.fixture.api("STREAM.PURGE.S");
  before.fixture.advance(4000);
  const after = await cut(before);
  expect(after.send("s.a", "", { "Nats-Msg-Id": "late" })).toMatchObject({ seq: 2, duplicate: true });
  expect(after.send("s.a", "", { "Nats-Msg-Id": "early" })).toEqual({ stream: "S", seq: 3 });
});

test("the id of the last message can be expected after a restart, also when a purge took the message since", async () => {
  const before = await withStream();
  before.fixture.send("s.a", "", { "Nats-Msg-Id": "m" });
  const after = await cut(before);
  after.api("STREAM.PURGE.S");
  expect(after.send("s.a", "", { "Nats-Expected-Last-Msg-Id": "m" }).seq).toBe(2);
});

test("the id of the last message can be expected after a restart", async () => {
  const before = await withStream();
  before.fixture.send("s.a", "", { "Nats-Msg-Id": "m" });
  const after = await cut(before);
  expect(after.send("s.a", "", { "Nats-Expected-Last-Msg-Id": "n" }).error?.description).toBe("wrong last msg ID: m");
  expect(after.send("s.a", "", { "Nats-Expected-Last-Msg-Id": "m" }).seq).toBe(2);
});

test("messages that grew too old while the server was down leave soon after its start", async () => {
  const before = await withStream({ max_age: 1e9 });
  before.fixture.send("s.a");
  before.disk.powerCut({ keep: "nothing" });
  before.fixture.clock.dropTimers();
  before.fixture.clock.advance(5000);
  const after = await JetStreamFixture.onDisk(before.disk, { clock: before.fixture.clock });
  after.advance(300);
  expect(after.api("STREAM.INFO.S").state).toMatchObject({ messages: 0, first_seq: 2, last_seq: 1 });
});

test("a deleted stream stays deleted, and a new one of its name begins at 1", async () => {
  const before = await withStream();
  before.fixture.send("s.a");
  before.fixture.api("STREAM.DELETE.S");
  const after = await cut(before);
  expect(after.api("STREAM.NAMES").streams).toBeNull();
  expect(after.createStream({ name: "S", subjects: ["s.>"], storage: "file" }).did_create).toBe(true);
  expect(after.send("s.a").seq).toBe(1);
});
