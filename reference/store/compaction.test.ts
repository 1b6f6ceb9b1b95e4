/** Sorted files: what goes into them, when it is worth it, and that nothing is lost or comes back whenever it is interrupted. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, microtasks, open, payloadOf, publish } from "./file-store.contract.ts";
import type { OpenedStore } from "./open-store.ts";
import { type DumpItem, dumpStore } from "./store-dump.ts";
import { inspectStore } from "./store-inspection.ts";
import { salvageStore } from "./store-salvage.ts";

const windowNs = 120_000_000_000n;

function logFiles(disk: CrashableDisk): string[] {
  return disk
    .list(`${directory}/log`)
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".log"));
}

function sortedFiles(disk: CrashableDisk): string[] {
  const hasAny = disk.list(directory).some(({ name }) => name === "streams");
  return hasAny ? disk.list(`${directory}/streams`).map(({ name }) => name) : [];
}

/** Lets an idle store do what it has to do. */
async function rest(clock: VirtualClock): Promise<void> {
  for (let at = 0; at < 20; at += 1) {
    clock.advance(200);
    await microtasks(60);
  }
}

/** Two streams whose messages lie side by side, in several segments. */
async function twoStreams(disk: CrashableDisk, clock: VirtualClock, count = 150): Promise<OpenedStore> {
  const opened = await open(disk, { clock });
  const [a, b] = ["A", "B"].map((name) => opened.store.createStream(definition(name)));
  for (let at = 1; at <= count; at += 1) {
    for (const stream of [a, b]) {
      if (stream !== undefined) {
        publish(stream, `${stream.id} ${at} ${"x".repeat(150)}`, { on: `s.${at % 7}`, timeNs: clock.nowNs() });
      }
    }
    opened.store.commit();
  }
  return opened;
}

function expectAll(opened: OpenedStore, count: number): void {
  expect(opened.report).toMatchObject({ damage: [], lost: [] });
  for (const { stream } of opened.streams) {
    for (let sequence = 1; sequence <= count; sequence += 1) {
      expect(payloadOf(stream, sequence)).toMatch(new RegExp(`^${stream.id} ${sequence} x`));
    }
  }
}

test("an idle store sorts segments that streams share: each gets files of its own, and a deleted stream is gone with them", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await twoStreams(disk, clock);
  expect(logFiles(disk).length).toBeGreaterThan(8);
  await rest(clock);
  expect(logFiles(disk)).toHaveLength(1);
  const before = sortedFiles(disk).length;
  expect(before).toBeGreaterThan(6);
  for (const file of store.log.segments.values()) {
    expect(file.foreignBytes === 0 || !file.isSorted).toBe(true);
  }

  const [, second] = store.streams.values();
  second?.delete();
  store.commit();
  await rest(clock);
  expect(sortedFiles(disk).length).toBeLessThanOrEqual(Math.ceil(before / 2));
  disk.powerCut({ keep: "nothing" });
  const again = await open(disk, { clock });
  expect(again.streams.map(({ definition: { name } }) => name)).toEqual(["A"]);
  expectAll(again, 150);
});

test("messages are read from sorted files, also after a restart and with both checkpoints gone", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store, streams } = await twoStreams(disk, clock);
  await rest(clock);
  expect(streams).toEqual([]);
  await store.close();
  expectAll(await open(disk, { clock }), 150);
  disk.kill();
  for (const name of ["checkpoint-a", "checkpoint-b"]) {
    disk.corrupt(`${directory}/${name}`, 20, 1);
  }
  const rebuilt = await open(disk, { clock });
  expect(rebuilt.report.rebuilt.toSorted()).toEqual(["A", "B"]);
  expectAll(rebuilt, 150);
});

test("a run of publishes into one stream is never written twice", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await open(disk, { clock });
  const stream = store.createStream(definition());
  for (let at = 0; at < 300; at += 1) {
    publish(stream, "x".repeat(200));
    store.commit();
  }
  await rest(clock);
  expect(sortedFiles(disk)).toEqual([]);
});

test("compaction comes to an end: what was sorted is not sorted again", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await twoStreams(disk, clock);
  await rest(clock);
  const files = sortedFiles(disk);
  await rest(clock);
  expect(sortedFiles(disk)).toEqual(files);
  store.abandon();
  await open(disk, { clock });
  await rest(clock);
  expect(sortedFiles(disk)).toEqual(files);
});

test("a cut at any call of a compaction loses nothing and brings nothing back", async () => {
  const setUp = async (): Promise<{ disk: CrashableDisk; clock: VirtualClock }> => {
    const disk = new CrashableDisk();
    const clock = new VirtualClock();
    const { store } = await twoStreams(disk, clock, 50);
    const [first] = store.streams.values();
    first?.messages.remove(7);
    first?.messages.removeBelow(4);
    store.commit();
    return { disk, clock };
  };
  const whole = await setUp();
  const before = whole.disk.count("any");
  await rest(whole.clock);
  expect(sortedFiles(whole.disk).length).toBeGreaterThan(0);
  const calls = whole.disk.count("any") - before;
  for (let at = 1; at <= calls; at += 1) {
    for (const ending of ["kill", "nothing", "everything", "random"] as const) {
      const { disk, clock } = await setUp();
      disk.dieAt(at);
      await rest(clock).catch(() => undefined);
      if (ending === "kill") {
        disk.kill();
      } else {
        disk.powerCut({ keep: ending, seed: at });
      }
      const opened = await open(disk, { clock });
      expect(opened.report, `call ${at}, ${ending}`).toMatchObject({ damage: [], lost: [], rebuilt: [] });
      const stored = opened.streams.map(({ stream: { messages } }) => [messages.state.messages, messages.has(7), messages.has(3)]);
      expect(stored, `call ${at}, ${ending}`).toEqual([
        [46, false, false],
        [50, true, true],
      ]);
      for (const { stream } of opened.streams) {
        expect(payloadOf(stream, 50)).toMatch(/^\d 50 x/);
      }
      opened.store.abandon();
    }
  }
});

test("a message that is erased while it is copied is erased in the copy", async () => {
  let found = 0;
  for (let pause = 0; pause < 60; pause += 3) {
    const disk = new CrashableDisk();
    const clock = new VirtualClock();
    const { store } = await twoStreams(disk, clock, 50);
    clock.advance(200);
    await microtasks(pause);
    const [first] = store.streams.values();
    first?.messages.remove(5, { erase: true });
    await microtasks(200);
    store.commit();
    await rest(clock);
    for (const folder of ["log", "streams"]) {
      for (const { name } of disk.list(`${directory}/${folder}`)) {
        expect(Buffer.from(disk.contents(`${directory}/${folder}/${name}`)).includes("1 5 x"), `${folder}/${name}`).toBe(false);
      }
    }
    found += sortedFiles(disk).length;
  }
  expect(found).toBeGreaterThan(0);
});

test("ids of removed messages wait in their segments for the end of a short window, and move on with a long one", async () => {
  for (const [window, waits] of [
    [windowNs, true],
    [windowNs * 600n, false],
  ] as const) {
    const disk = new CrashableDisk();
    const clock = new VirtualClock();
    const { store } = await open(disk, { clock });
    const [a, b] = ["A", "B"].map((name) => store.createStream(definition(name)));
    a?.setMessageIdWindow(window);
    for (let at = 1; at <= 100; at += 1) {
      for (const stream of a === undefined || b === undefined ? [] : [a, b]) {
        publish(stream, "y".repeat(200), { timeNs: clock.nowNs(), ...(stream === a ? { id: `id ${at}` } : {}) });
      }
      store.commit();
    }
    a?.messages.removeBelow(90);
    store.commit();
    await rest(clock);
    expect(sortedFiles(disk).length === 0).toBe(waits);
    disk.powerCut({ keep: "nothing" });
    const opened = await open(disk, { clock });
    expect(opened.streams[0]?.messageIds).toHaveLength(100);
    expect(opened.report).toMatchObject({ damage: [], lost: [] });
  }
});

test("what is damaged stays where it is, and the rest is sorted", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await twoStreams(disk, clock);
  const hurt = logFiles(disk)[3] ?? "";
  disk.corrupt(`${directory}/log/${hurt}`, 4000, 0xff);
  store.abandon();
  await open(disk, { clock });
  await rest(clock);
  expect(logFiles(disk)).toContain(hurt);
  expect(logFiles(disk).length).toBeLessThan(6);
});

test("damage in a sorted file is one lost message, named; a sorted file that is gone is named; the folder that is gone refuses", async () => {
  const make = async (): Promise<{ disk: CrashableDisk; clock: VirtualClock; file: string }> => {
    const disk = new CrashableDisk();
    const clock = new VirtualClock();
    const { store } = await twoStreams(disk, clock);
    await rest(clock);
    await store.close();
    return { disk, clock, file: `${directory}/streams/${sortedFiles(disk)[0]}` };
  };
  const flipped = await make();
  flipped.disk.corrupt(flipped.file, 3000, 1);
  const one = await open(flipped.disk, { clock: flipped.clock });
  expect(one.report.lost.flatMap(({ sequences }) => sequences)).toHaveLength(1);
  expect(one.report.named).toMatchObject([{ file: "streams/0000000001.sorted", recovery: "loses-messages" }]);

  const footless = await make();
  footless.disk.corrupt(footless.file, footless.disk.contents(footless.file).length - 100, 1);
  const healed = await open(footless.disk, { clock: footless.clock });
  expect(healed.report.lost).toEqual([]);
  expect(healed.report.named).toMatchObject([{ recovery: "heals" }]);
  expectAll({ ...healed, report: { ...healed.report, damage: [] } }, 150);

  const cut = await make();
  const file = cut.disk.open(cut.file, "read-write");
  file.truncate(4000);
  const short = await open(cut.disk, { clock: cut.clock });
  expect(short.report.lost.length).toBeGreaterThan(0);
  expect(short.report.named.map((place) => place.file)).toContain("streams/0000000001.sorted");

  const gone = await make();
  gone.disk.unlink(gone.file);
  const inspection = await inspectStore({ directory, disk: gone.disk, clock: gone.clock, random: new SeededRandom(1) });
  expect(inspection.damage.map((place) => place.file).join()).toContain("streams/0000000001.sorted");
  inspection.release();

  const half = await make();
  for (const name of sortedFiles(half.disk)) {
    half.disk.unlink(`${directory}/streams/${name}`);
  }
  half.disk.removeDirectory(`${directory}/streams`);
  await expect(open(half.disk, { clock: half.clock })).rejects.toMatchObject({ code: "incomplete" });
});

test("a damaged checkpoint is made anew from the other one when the store opens", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await twoStreams(disk, clock);
  await store.close();
  for (const name of ["checkpoint-a", "checkpoint-b"]) {
    disk.corrupt(`${directory}/${name}`, 20, 1);
    const opened = await open(disk, { clock });
    expect(opened.report.damagedCheckpoints).toEqual([name]);
    opened.store.abandon();
    const again = await open(disk, { clock });
    expect(again.report.damagedCheckpoints).toEqual([]);
    expectAll(again, 150);
    again.store.abandon();
  }
});

test("dump and salvage know sorted files: every message is told where it is, and the copy is whole", async () => {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await twoStreams(disk, clock, 60);
  await rest(clock);
  await store.close();
  const inspection = await inspectStore({ directory, disk, clock, random: new SeededRandom(1) });
  const items: DumpItem[] = [];
  dumpStore(inspection, {}, (item) => items.push(item));
  const stored = items.filter((item) => item["state"] === "stored");
  expect(stored).toHaveLength(120);
  expect(stored.filter((item) => String(item["file"]).startsWith("streams/")).length).toBeGreaterThan(60);
  const report = await salvageStore(inspection, { out: "/out", disk, clock, random: new SeededRandom(1) });
  inspection.release();
  expect(report.streams.map(({ messages, lost }) => [messages, lost])).toEqual([
    [60, []],
    [60, []],
  ]);
  expectAll(await open(disk, { clock, directory: "/out/jetstream" }), 60);
});
