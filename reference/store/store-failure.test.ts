/** Sync policies, failing calls and directories that are refused. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, encoder, only, open, payloadOf, publish } from "./file-store.contract.ts";
import { storeFormat } from "./store-format.ts";

test("with an interval the system gets the bytes at once and the disk gets them when the time is up", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const first = await open(disk, { clock, syncPolicy: { intervalMs: 120_000 } });
  const stream = first.store.createStream(definition());
  publish(stream, "synced");
  first.store.commit();
  clock.advance(120_001);
  await first.store.landing();
  publish(stream, "unsynced");
  first.store.commit();
  expect(first.store.durableEpoch).toBe(first.store.epoch - 1);
  disk.powerCut({ keep: "nothing" });
  const second = await open(disk, { clock });
  expect(only(second).messages.state.lastSequence).toBe(1);

  const third = await open(disk, { clock, syncPolicy: { intervalMs: 120_000 } }).catch((error: unknown) => error);
  expect(third).toMatchObject({ code: "locked" });
  second.store.abandon();
  const fourth = await open(disk, { clock, syncPolicy: { intervalMs: 120_000 } });
  publish(only(fourth), "written");
  fourth.store.commit();
  disk.kill();
  expect(payloadOf(only(await open(disk, { clock })), 2)).toBe("written");
});

test("a failed write or sync moves the batch to a new segment and commits it there", async () => {
  for (const call of ["write", "sync"] as const) {
    const disk = new CrashableDisk();
    const first = await open(disk);
    const stream = first.store.createStream(definition());
    publish(stream, "one");
    first.store.commit();
    disk.failAt({ call, nth: 1, code: "EIO" });
    publish(stream, "two");
    first.store.commit();
    publish(stream, "three");
    first.store.commit();
    expect([1, 2, 3].map((sequence) => payloadOf(stream, sequence))).toEqual(["one", "two", "three"]);
    disk.powerCut({ keep: "random", seed: 7 });
    const second = await open(disk);
    expect(second.report).toMatchObject({ damage: [], lost: [] });
    expect([1, 2, 3].map((sequence) => payloadOf(only(second), sequence))).toEqual(["one", "two", "three"]);
  }
});

test("when the disk refuses twice the commit throws, and the store takes nothing more until it is reopened", async () => {
  const disk = new CrashableDisk();
  const first = await open(disk);
  const stream = first.store.createStream(definition());
  publish(stream, "one");
  first.store.commit();
  disk.failAt({ call: "write", nth: 1, code: "ENOSPC", forever: true });
  publish(stream, "two");
  const { durableEpoch } = first.store;
  expect(() => first.store.commit()).toThrow(expect.objectContaining({ code: "write-failed" }));
  expect(first.store.durableEpoch).toBe(durableEpoch);
  expect(() => publish(stream, "three")).toThrow(expect.objectContaining({ code: "write-failed" }));
  first.store.abandon();
  disk.kill();
  const second = await open(disk);
  expect(only(second).messages.state.lastSequence).toBe(1);
  expect(publish(only(second), "two")).toBe(2);
});

test("a directory that holds other files, is locked, newer or not writable is refused and left as it was", async () => {
  const foreign = new CrashableDisk();
  foreign.makeDirectory(directory);
  foreign.open(`${directory}/holiday.jpg`, "create-new").close();
  await expect(open(foreign)).rejects.toMatchObject({ code: "foreign-files" });
  expect(foreign.list(directory)).toHaveLength(1);

  const newer = new CrashableDisk();
  newer.makeDirectory(directory);
  newer.open(`${directory}/store.json`, "create-new").write(encoder.encode(`{"store":"streamproof","format":${storeFormat + 1}}`), 0);
  await expect(open(newer)).rejects.toMatchObject({ code: "newer-format" });
  expect(newer.list(directory)).toHaveLength(1);

  const readOnly = new CrashableDisk();
  readOnly.failAt({ call: "makeDirectory", nth: 1, code: "EROFS", forever: true });
  await expect(open(readOnly)).rejects.toMatchObject({ code: "not-writable" });

  const held = new CrashableDisk();
  await open(held);
  await expect(open(held)).rejects.toMatchObject({ code: "locked" });
});

test("a directory that a killed process made, and did not sync, survives the power cut that comes after the next start", async () => {
  for (const call of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const disk = new CrashableDisk();
    disk.dieAt(call);
    await open(disk).catch(() => undefined);
    disk.kill();
    const { store } = await open(disk);
    publish(store.createStream(definition()), "one");
    store.commit();
    disk.powerCut({ keep: "nothing" });
    expect(payloadOf(only(await open(disk)), 1)).toBe("one");
  }
});

test("what a failed sync gave up and a kill left visible is durable before recovery shows it", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk);
  const stream = store.createStream(definition());
  publish(stream, "one");
  store.commit();
  publish(stream, "two");
  disk.failAt({ call: "sync", nth: 1, code: "EIO", forever: true });
  expect(() => store.commit()).toThrow(expect.objectContaining({ code: "write-failed" }));
  disk.kill();
  const seen = only(await open(disk)).messages.state.lastSequence;
  disk.powerCut({ keep: "nothing" });
  expect([seen, only(await open(disk)).messages.state.lastSequence]).toEqual([2, 2]);
});
