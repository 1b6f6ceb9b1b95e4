import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemDisk } from "../io/disk.ts";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { decoder, definition, directory, encoder, microtasks, nothing, only, open, payloadOf, publish } from "./file-store.contract.ts";
import { type OpenedStore, openStore, type StoreOptions } from "./open-store.ts";
import { describeStream, emptyView, streamStoreContract, subject } from "./stream-store.contract.ts";

// The contract opens synchronously; claiming the directory is the only asynchronous step, so stores are made ahead.
const pool: OpenedStore[] = [];
for (let at = 0; at < 200; at += 1) {
  pool.push(await open(new CrashableDisk()));
}
streamStoreContract(() => {
  const opened = pool.pop();
  if (opened === undefined) {
    throw new Error("the pool of stores is used up");
  }
  const { store } = opened;
  const { messages } = store.createStream(definition());
  return { stream: messages, turn: () => store.commit(), dispose: () => store.abandon() };
});

test("streams, messages, configuration and consumers come back after a clean stop", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  publish(stream, "one");
  publish(stream, "two", { on: "b" });
  stream.updateConfig(encoder.encode("changed"));
  const asset = stream.createAsset("durable", encoder.encode("definition"));
  asset.append(encoder.encode("r1"));
  asset.append(encoder.encode("r2"));
  first.store.commit();
  asset.append(encoder.encode("r3"));
  await first.store.close();

  const second = await open(disk);
  expect(second.report).toMatchObject({ damage: [], cutBytes: 0, lost: [], rebuilt: [] });
  const [recovered] = second.streams;
  expect(decoder.decode(recovered?.definition.config)).toBe("changed");
  expect(recovered?.definition).toMatchObject({ account: "$G", name: "S", createdNs: 5n });
  expect(payloadOf(only(second), 2)).toBe("two");
  const [consumer] = recovered?.assets ?? [];
  expect([consumer?.asset.name, consumer?.baseIs, decoder.decode(consumer?.base)]).toEqual(["durable", "definition", "definition"]);
  expect(consumer?.records.map((record) => decoder.decode(record))).toEqual(["r1", "r2", "r3"]);
});

test("a described asset comes back as its snapshot and what followed", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const asset = first.store.createStream(definition()).createAsset("durable", encoder.encode("definition"));
  asset.append(encoder.encode("r1"));
  asset.snapshot = () => encoder.encode("snapshot");
  first.store.commit();
  first.store.checkpoint();
  asset.append(encoder.encode("r2"));
  first.store.commit();
  disk.powerCut({ keep: "nothing" });

  const [recovered] = (await open(disk)).streams;
  const [consumer] = recovered?.assets ?? [];
  expect([consumer?.baseIs, decoder.decode(consumer?.base)]).toEqual(["snapshot", "snapshot"]);
  expect(consumer?.records.map((record) => decoder.decode(record))).toEqual(["r2"]);
});

test("a deleted consumer and a deleted stream stay deleted, and their ids are not used again", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const gone = first.store.createStream(definition("GONE"));
  publish(gone, "x");
  const stream = first.store.createStream(definition());
  const asset = stream.createAsset("c", nothing);
  first.store.commit();
  gone.delete();
  asset.delete();
  await first.store.close();

  const second = await open(disk);
  const kept = only(second);
  expect(second.streams[0]?.assets).toEqual([]);
  expect(second.store.usage.fileBytes).toBe(0);
  expect(kept.createAsset("d", nothing).id).toBeGreaterThan(asset.id);
  expect(second.store.createStream(definition("NEW")).id).toBeGreaterThan(stream.id);
});

test("old messages are read back from the file, and the cache stays bounded", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk);
  const stream = store.createStream(definition());
  for (let at = 1; at <= 3_000; at += 1) {
    publish(stream, `${at}`.padEnd(300, "."));
    if (at % 7 === 0) {
      store.commit();
    }
  }
  store.commit();
  for (let round = 0; round < 3; round += 1) {
    for (let at = 1; at <= 3_000; at += 13) {
      expect(payloadOf(stream, at)?.startsWith(`${at}.`)).toBe(true);
    }
  }
});

test("a message read back can be appended again, although its memory is about to be reused", async () => {
  const { store } = await open(new CrashableDisk(), { cacheBytes: 32 * 1024 });
  const source = store.createStream(definition());
  const copies = store.createStream(definition("COPIES"));
  publish(source, "1".padEnd(300, "."));
  store.commit();
  // The second segment, most of it committed; the turn that fills the rest will move into the memory of the first.
  for (let at = 2; store.log.openId < 2 || store.log.end.offset < 7_700; at += 1) {
    publish(source, `${at}`.padEnd(300, "."));
    if (store.log.openId < 2 || store.log.end.offset < 5_500) {
      store.commit();
    }
  }
  const view = emptyView();
  expect(source.messages.read(1, view)).toBe(true);
  const payload = view.buffer.subarray(view.payloadStart, view.payloadEnd);
  copies.messages.append({ subject: subject("a"), headers: nothing, payload, timeNs: 1n });
  copies.messages.append({ subject: subject("a"), headers: nothing, payload: payload.slice(), timeNs: 1n });
  expect(store.log.openId).toBe(3);
  expect(payloadOf(copies, 1)).toBe("1".padEnd(300, "."));
});

test("a message that is damaged on the disk is lost, never served wrong and never called absent", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { cacheBytes: 32 * 1024 });
  const stream = store.createStream(definition());
  for (let at = 1; at <= 200; at += 1) {
    publish(stream, `message-${at}.`.padEnd(300, "."));
    store.commit();
  }
  const path = `${directory}/log/0000000001.log`;
  disk.corrupt(path, new TextDecoder("latin1").decode(disk.contents(path)).indexOf("message-5."), 1);
  expect([4, 5, 6].map((sequence) => payloadOf(stream, sequence)?.length)).toEqual([300, undefined, 300]);
  expect(stream.messages.isLost(5)).toBe(true);
  expect(stream.messages.state.messages).toBe(199);
  stream.messages.removeBelow(6);
  expect(Array.from(stream.messages.lostSequences())).toEqual([]);
});

test("a message and a turn larger than a segment are stored", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  publish(stream, "x".repeat(100_000));
  first.store.commit();
  for (let at = 0; at < 200; at += 1) {
    publish(stream, `${at}`.padEnd(500, "y"));
  }
  first.store.commit();
  const before = describeStream(stream.messages);
  disk.powerCut({ keep: "nothing" });
  const second = await open(disk);
  expect(describeStream(only(second).messages)).toEqual(before);
  expect(payloadOf(only(second), 1)).toHaveLength(100_000);
});

test("segments without live messages are unlinked, and the stream keeps its last sequence", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  for (let at = 1; at <= 2_000; at += 1) {
    publish(stream, "x".repeat(200));
    stream.messages.removeBelow(at - 5);
    first.store.commit();
  }
  expect(disk.list(`${directory}/log`).length).toBeLessThan(15);
  stream.messages.purge({});
  await first.store.close();
  const second = await open(disk);
  expect(only(second).messages.state).toMatchObject({ messages: 0, firstSequence: 2_001, lastSequence: 2_000 });
  expect(publish(only(second), "next")).toBe(2_001);
});

test.each(["powerCut", "close"])("a stream that went on far behind its last sequence is there again (%s)", async (how) => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  const far = 2 ** 50;
  publish(stream, "before");
  // One commit with messages on both sides of the gap.
  expect(stream.messages.continueAt(far)).toBe(1);
  publish(stream, "behind");
  first.store.commit();
  if (how === "close") {
    await first.store.close();
  } else {
    disk.powerCut({ keep: "nothing" });
  }
  const second = await open(disk);
  const { messages } = only(second);
  expect(messages.state).toMatchObject({ messages: 1, firstSequence: far, lastSequence: far, deleted: 0 });
  expect([...messages.lostSequences()]).toEqual([]);
  expect(payloadOf(only(second), far)).toBe("behind");
  expect(publish(only(second), "next")).toBe(far + 1);
});

test("a few long-lived messages do not hold the space of the many around them", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const first = await open(disk, { clock });
  const stream = first.store.createStream(definition());
  for (let at = 1; at <= 3_000; at += 1) {
    publish(stream, `${at}`.padEnd(200, "."), { on: at % 100 === 0 ? "kept" : "passing" });
    if (at % 100 !== 0) {
      stream.messages.remove(at - 1 - ((at - 1) % 100 === 0 ? 1 : 0));
    }
    first.store.commit();
    await microtasks(5);
  }
  // While traffic goes on, and again when there is none.
  expect(disk.list(`${directory}/log`).length).toBeLessThan(40);
  clock.advance(200);
  await microtasks(500);
  const files = [...disk.list(`${directory}/log`), ...disk.list(`${directory}/streams`)];
  expect(files.length).toBeLessThan(10);
  const before = describeStream(stream.messages);
  expect(stream.messages.subjectState("kept")?.messages).toBeGreaterThan(20);
  disk.powerCut({ keep: "nothing" });
  const second = await open(disk);
  expect(second.report).toMatchObject({ damage: [], lost: [] });
  expect(describeStream(only(second).messages)).toEqual(before);
});

test("ids of removed messages come back inside the window, and pin their segment until it ends", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const first = await open(disk, { clock });
  const stream = first.store.createStream(definition());
  stream.setMessageIdWindow(120_000_000_000n);
  publish(stream, "x", { id: "m1", timeNs: clock.nowNs() });
  first.store.commit();
  stream.messages.purge({});
  for (let at = 0; at < 500; at += 1) {
    publish(stream, "y".repeat(200), { timeNs: clock.nowNs() });
    stream.messages.purge({});
    first.store.commit();
  }
  disk.powerCut({ keep: "nothing" });

  const second = await open(disk, { clock });
  expect(second.streams[0]?.messageIds).toEqual([{ id: "m1", sequence: 1, timeNs: clock.nowNs() }]);
  clock.advance(121_000);
  for (let at = 0; at < 500; at += 1) {
    publish(only(second), "y".repeat(200));
    only(second).messages.purge({});
    second.store.commit();
  }
  expect(disk.list(`${directory}/log`).length).toBeLessThan(15);
  second.store.abandon();
  expect((await open(disk, { clock })).streams[0]?.messageIds).toEqual([]);
});

test("an erased message leaves no payload on the disk, and its neighbours are untouched", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  for (const payload of ["before", "very-secret", "after"]) {
    publish(stream, payload);
  }
  first.store.commit();
  stream.messages.remove(2, { erase: true });
  first.store.commit();
  const path = `${directory}/log/0000000001.log`;
  expect(decoder.decode(disk.contents(path))).not.toContain("very-secret");
  disk.powerCut({ keep: "nothing" });
  const second = await open(disk);
  expect(second.report.damage).toEqual([]);
  expect([1, 2, 3].map((sequence) => payloadOf(only(second), sequence))).toEqual(["before", undefined, "after"]);
});

test("one sync a commit, whatever the number of changes", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 1 << 20 });
  const stream = store.createStream(definition());
  store.commit();
  const before = disk.count("sync");
  for (let at = 0; at < 50; at += 1) {
    publish(stream, "x");
    stream.messages.remove(at);
  }
  store.commit();
  expect(disk.count("sync")).toBe(before + 1);
});

test("a segment made ready in the background is used, and cut to its content when the store stops", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  const log = `${directory}/log`;
  let prepared = 0;
  for (let at = 1; at <= 60; at += 1) {
    publish(stream, "x".repeat(400));
    first.store.commit();
    await new Promise(setImmediate);
    prepared += disk.list(log).filter((entry) => entry.name === "spare").length;
  }
  expect(prepared).toBeGreaterThan(0);
  expect(disk.count("rename")).toBeGreaterThan(2);
  await first.store.close();
  const newest = disk.list(log).findLast((entry) => entry.name.endsWith(".log"));
  expect(disk.contents(`${log}/${newest?.name}`).length).toBeLessThan(8192);
  disk.powerCut({ keep: "nothing" });
  const second = await open(disk);
  expect(second.report).toMatchObject({ damage: [], cutBytes: 0, lost: [] });
  expect(only(second).messages.state.messages).toBe(60);
  expect(disk.list(log).map((entry) => entry.name)).not.toContain("spare");
});

test("the store works on the file system of this machine, and only one server at a time has it", async () => {
  const root = await mkdtemp(join(tmpdir(), "store-"));
  try {
    const options: StoreOptions = {
      directory: join(root, "a", "b"),
      disk: systemDisk,
      clock: new VirtualClock(),
      random: new SeededRandom(1),
      syncPolicy: "always",
      segmentBytes: 64 * 1024,
      cacheBytes: 512 * 1024,
    };
    const first = await openStore(options);
    const stream = first.store.createStream(definition());
    for (let at = 1; at <= 2_000; at += 1) {
      publish(stream, `${at}`.padEnd(200, "."));
      if (at % 50 === 0) {
        first.store.commit();
        await new Promise(setImmediate);
      }
    }
    await expect(openStore(options)).rejects.toMatchObject({ code: "locked" });
    first.store.commit();
    const before = describeStream(stream.messages);
    first.store.abandon();
    const second = await openStore(options);
    expect(describeStream(only(second).messages)).toEqual(before);
    only(second).messages.remove(1_000, { erase: true });
    await second.store.close();
    const third = await openStore(options);
    expect(third.report).toMatchObject({ damage: [], cutBytes: 0, lost: [] });
    expect(only(third).messages.state).toMatchObject({ messages: 1_999, deleted: 1 });
    await third.store.close();
  } finally {
    await rm(root, { recursive: true });
  }
});
