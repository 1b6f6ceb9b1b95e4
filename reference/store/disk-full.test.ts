/** A full disk: nothing acknowledged is lost, what makes room is still committed, and writing goes on by itself when space returns. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, encoder, only, open, payloadOf, publish } from "./file-store.contract.ts";
import type { OpenedStore } from "./open-store.ts";

async function settled(): Promise<void> {
  for (let at = 0; at < 20; at += 1) {
    await Promise.resolve();
  }
}

/** A stream on a disk that can be filled, with its reserve in place. */
async function streamWithReserve() {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const opened = await open(disk, { reserve: true, clock });
  const stream = opened.store.createStream(definition());
  opened.store.commit();
  await settled();
  return { disk, clock, opened, stream };
}

/** Commits single messages until the store says that it is full. */
function fill({ store }: OpenedStore, stream: Parameters<typeof publish>[0]): number {
  for (let count = 1; count <= 1000; count += 1) {
    publish(stream, `message ${count} ${"x".repeat(100)}`);
    store.commit();
    if (store.isFull) {
      return count;
    }
  }
  throw new Error("the disk never became full");
}

test("the turn that finds no space is committed to the reserve, and so are removals and acknowledgements after it", async () => {
  const disk = new CrashableDisk();
  const opened = await open(disk, { reserve: true });
  const stream = opened.store.createStream(definition());
  const consumer = stream.createAsset("c", encoder.encode("definition"));
  opened.store.commit();
  await settled();
  disk.freeBytes = 12_000;
  const count = fill(opened, stream);
  disk.freeBytes = 0;
  stream.messages.remove(2);
  opened.store.commit();
  consumer.append(encoder.encode("ack"));
  opened.store.commit();
  stream.messages.removeBelow(2);
  opened.store.commit();
  disk.powerCut({ keep: "nothing" });
  const again = await open(disk, { reserve: true });
  expect(only(again).messages.state).toMatchObject({ messages: count - 2, firstSequence: 3, lastSequence: count });
  expect(payloadOf(only(again), count)).toContain(`message ${count} `);
  expect(again.streams[0]?.assets[0]?.records).toHaveLength(1);
  expect([again.report.damage, again.report.lost]).toEqual([[], []]);
});

test("when space returns the reserve is made again, and the store is not full any more", async () => {
  const { disk, clock, opened, stream } = await streamWithReserve();
  for (let round = 1; round <= 3; round += 1) {
    disk.freeBytes = 10_000;
    fill(opened, stream);
    clock.advance(5_000);
    await settled();
    expect(opened.store.isFull).toBe(true);
    disk.freeBytes = 1_000_000;
    for (let look = 0; look < 3; look += 1) {
      clock.advance(1_000);
      await settled();
    }
    expect(opened.store.isFull).toBe(false);
  }
  publish(stream, "after");
  opened.store.commit();
  const { lastSequence } = stream.messages.state;
  opened.store.abandon();
  disk.powerCut({ keep: "nothing" });
  expect(payloadOf(only(await open(disk)), lastSequence)).toBe("after");
});

test("a store that starts on a full disk takes no messages until there is room for the reserve", async () => {
  const disk = new CrashableDisk();
  await (await open(disk)).store.close();
  disk.freeBytes = 100;
  const clock = new VirtualClock();
  const { store } = await open(disk, { reserve: true, clock });
  await settled();
  expect(store.isFull).toBe(true);
  disk.freeBytes = 1_000_000;
  clock.advance(1_000);
  await settled();
  clock.advance(1_000);
  expect(store.isFull).toBe(false);
});

test("a power cut at any call on a full disk loses nothing that was committed", async () => {
  for (let call = 1; ; call += 1) {
    const disk = new CrashableDisk();
    const opened = await open(disk, { reserve: true });
    const stream = opened.store.createStream(definition());
    opened.store.commit();
    await settled();
    disk.freeBytes = 3_000;
    disk.dieAt(call);
    let committed = 0;
    try {
      committed = fillCounting(opened, stream, (count) => {
        committed = count;
      });
    } catch {
      // The machine died.
    }
    const { isDead } = disk;
    disk.powerCut({ keep: "random", seed: call });
    const found = only(await open(disk)).messages.state;
    expect([call, found.lastSequence >= committed, found.messages]).toEqual([call, true, found.lastSequence]);
    if (!isDead) {
      return;
    }
  }
});

function fillCounting({ store }: OpenedStore, stream: Parameters<typeof publish>[0], committed: (count: number) => void): number {
  for (let count = 1; ; count += 1) {
    publish(stream, "x".repeat(200));
    store.commit();
    committed(count);
    if (store.isFull) {
      return count;
    }
  }
}

test("a purge on a full disk gives its space back, without a byte from anybody else", async () => {
  const { disk, clock, opened, stream } = await streamWithReserve();
  disk.freeBytes = 40_000;
  fill(opened, stream);
  disk.freeBytes = 0;
  stream.messages.purge({});
  opened.store.commit();
  for (let look = 0; look < 4 && opened.store.isFull; look += 1) {
    clock.advance(2_500);
    await settled();
  }
  expect(opened.store.isFull).toBe(false);
  const sequence = publish(stream, "after");
  opened.store.commit();
  opened.store.abandon();
  disk.powerCut({ keep: "nothing" });
  expect(payloadOf(only(await open(disk)), sequence)).toBe("after");
});

test("what a thousand single deletes left sparse on a full disk is put together, in the room that was kept for checkpoints", async () => {
  const { disk, clock, opened, stream } = await streamWithReserve();
  disk.freeBytes = 60_000;
  const count = fill(opened, stream);
  disk.freeBytes = 0;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    if (sequence % 20 !== 0) {
      stream.messages.remove(sequence);
    }
  }
  opened.store.commit();
  for (let look = 0; look < 20 && opened.store.isFull; look += 1) {
    clock.advance(2_500);
    for (let rounds = 0; rounds < 10; rounds += 1) {
      await settled();
    }
  }
  expect(opened.store.isFull).toBe(false);
  publish(stream, "after");
  opened.store.commit();
  opened.store.abandon();
  disk.powerCut({ keep: "nothing" });
  const again = await open(disk);
  expect([again.report.damage, again.report.lost]).toEqual([[], []]);
  expect(payloadOf(only(again), 20)).toContain("message 20 ");
  expect(only(again).messages.state.messages).toBe(Math.floor(count / 20) + 1);
});

test("the reserve never looks like a part of the log", async () => {
  const disk = new CrashableDisk();
  await open(disk, { reserve: true });
  await settled();
  expect(disk.list(`${directory}/log`).map(({ name }) => name)).toEqual(["reserve", "reserve-checkpoint"]);
  disk.kill();
  const { report } = await open(disk);
  expect([report.segments, report.cutBytes, disk.list(`${directory}/log`)]).toEqual([0, 0, []]);
});
