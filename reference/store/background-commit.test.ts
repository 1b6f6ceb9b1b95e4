/** Commits in the background: what counts while one is under way, what a failure or the end of the machine leaves, and when they happen. */
import { describe, expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { type CommitPacing, MeasuredPacing } from "./commit-pacing.ts";
import { definition, only, open, payloadOf, publish } from "./file-store.contract.ts";
import type { FileStore } from "./file-store.ts";
import type { StoredStream } from "./stream-store.ts";

const alwaysSlow: CommitPacing = { isInBackground: true, blocked: () => {}, flew: () => {} };

interface Slow {
  readonly disk: CrashableDisk;
  readonly store: FileStore;
  readonly stream: StoredStream;
}

/** A store with one durable message, on a disk that gets on only when told. */
async function slow(disk = new CrashableDisk()): Promise<Slow> {
  disk.proceedsByItself = false;
  const { store } = await open(disk, { pacing: alwaysSlow, segmentBytes: 2048 });
  const stream = store.createStream(definition());
  publish(stream, "one");
  store.commit();
  finish(disk, store);
  return { disk, store, stream };
}

function finish(disk: CrashableDisk, store: FileStore): void {
  do {
    store.commit();
  } while (disk.proceed());
}

test("a commit under way makes nothing durable, and what comes meanwhile belongs to the next epoch", async () => {
  const { disk, store, stream } = await slow();
  const before = store.durableEpoch;
  publish(stream, "two");
  const epoch = store.epoch;
  store.commit();
  publish(stream, "three");
  store.commit();
  store.commit();
  expect([store.durableEpoch, store.epoch]).toEqual([before, epoch + 1]);
  expect(stream.messages.epochOf(1)).toBeLessThanOrEqual(before);
  expect([2, 3].map((sequence) => stream.messages.epochOf(sequence))).toEqual([epoch, epoch + 1]);
  let told = 0;
  store.onDurable = () => {
    told += 1;
  };
  disk.proceed();
  expect([store.durableEpoch, told]).toEqual([before, 0]);
  disk.proceed();
  expect([store.durableEpoch, told, store.backlogBytes]).toEqual([epoch, 1, 0]);
  disk.powerCut({ keep: "nothing" });
  expect(only(await open(disk)).messages.state.lastSequence).toBe(2);
});

test("messages are read while their commit is under way, also those that begin a new segment", async () => {
  const { disk, store, stream } = await slow();
  publish(stream, "two");
  store.commit();
  for (let sequence = 3; sequence <= 40; sequence += 1) {
    publish(stream, `${sequence} ${"x".repeat(150)}`);
    store.commit();
  }
  expect([payloadOf(stream, 2), payloadOf(stream, 40)?.slice(0, 3)]).toEqual(["two", "40 "]);
  expect(store.backlogBytes).toBeGreaterThan(38 * 150);
  finish(disk, store);
  disk.powerCut({ keep: "nothing" });
  const opened = await open(disk);
  expect([opened.report.damage, opened.report.cutBytes, only(opened).messages.state.lastSequence]).toEqual([[], 0, 40]);
});

describe.each(["write", "sync"] as const)("a failed %s in the background", (call) => {
  test("is answered by the next commit, in a fresh segment", async () => {
    const { disk, store, stream } = await slow();
    const before = store.durableEpoch;
    publish(stream, "two");
    disk.failAt({ call, nth: 1, code: "EIO" });
    store.commit();
    publish(stream, "three");
    while (disk.proceed()) {
      // As far as it gets.
    }
    expect(store.durableEpoch).toBe(before);
    publish(stream, "four");
    store.commit();
    expect(store.durableEpoch).toBe(store.epoch - 1);
    disk.powerCut({ keep: "nothing" });
    const opened = await open(disk);
    expect(opened.report).toMatchObject({ damage: [], lost: [] });
    expect([1, 2, 3, 4].map((sequence) => payloadOf(only(opened), sequence))).toEqual(["one", "two", "three", "four"]);
  });

  test("that fails again there ends the store", async () => {
    const { disk, store, stream } = await slow();
    const before = store.durableEpoch;
    publish(stream, "two");
    disk.failAt({ call, nth: 1, code: "EIO", forever: true });
    store.commit();
    while (disk.proceed()) {
      // As far as it gets.
    }
    expect(() => store.commit()).toThrow(expect.objectContaining({ code: "write-failed" }));
    expect(store.durableEpoch).toBe(before);
    disk.powerCut({ keep: "nothing" });
    expect(only(await open(disk)).messages.state.lastSequence).toBe(1);
  });
});

test("a machine that dies with a commit on its way keeps what was durable, and nothing but whole commits", async () => {
  for (const steps of [0, 1, 2, 3, 4, 5]) {
    for (const keep of ["nothing", "everything", "random"] as const) {
      const { disk, store, stream } = await slow();
      let durable = 1;
      store.onDurable = () => {
        durable = store.durableEpoch === store.epoch - 1 ? 3 : durable;
      };
      publish(stream, "two");
      publish(stream, "x".repeat(3000));
      store.commit();
      publish(stream, "four");
      for (let at = 0; at < steps && disk.proceed(); at += 1) {
        store.commit();
      }
      disk.powerCut({ keep, seed: steps + 1 });
      const opened = await open(disk);
      const { lastSequence } = only(opened).messages.state;
      expect(opened.report.damage).toEqual([]);
      expect([1, 3, 4]).toContain(lastSequence);
      expect(lastSequence).toBeGreaterThanOrEqual(durable);
    }
  }
});

test("closing waits for the commit under way and commits what came after it", async () => {
  const { disk, store, stream } = await slow();
  publish(stream, "two");
  store.commit();
  publish(stream, "three");
  const closed = store.close();
  while (disk.proceed()) {
    // As far as it gets.
  }
  await closed;
  disk.powerCut({ keep: "nothing" });
  expect(only(await open(disk)).messages.state.lastSequence).toBe(3);
});

test("an abandoned store tells nobody about a commit that ends later, and its directory can be opened again", async () => {
  const { disk, store, stream } = await slow();
  publish(stream, "two");
  store.commit();
  const before = store.durableEpoch;
  store.onDurable = () => expect.unreachable();
  store.abandon();
  while (disk.proceed()) {
    // As far as it gets.
  }
  expect(store.durableEpoch).toBe(before);
  expect(only(await open(disk)).messages.state.lastSequence).toBe(2);
});

describe("the measured pacing", () => {
  const commits = (pacing: MeasuredPacing, count: number, ms: number, bytes = 300) => {
    let until = 0;
    while (until < count && !pacing.isInBackground) {
      pacing.blocked(ms, bytes);
      until += 1;
    }
    return until;
  };

  test("one very slow commit is enough, many somewhat slow ones are, and fast ones never", () => {
    expect(commits(new MeasuredPacing(), 1000, 500)).toBe(1);
    expect(commits(new MeasuredPacing(), 1000, 1)).toBeLessThan(50);
    expect(commits(new MeasuredPacing(), 1000, 0.15)).toBe(1000);
  });

  test("a large batch may take its time", () => {
    expect(commits(new MeasuredPacing(), 1000, 1, 1024 * 1024)).toBe(1000);
  });

  test("a slow one now and then among fast ones changes nothing", () => {
    const pacing = new MeasuredPacing();
    for (let at = 0; at < 1000; at += 1) {
      pacing.blocked(at % 50 === 0 ? 10 : 0.15, 300);
    }
    expect(pacing.isInBackground).toBe(false);
  });

  test("it comes back when the disk is fast again, although the server is busy, and not before", () => {
    const pacing = new MeasuredPacing();
    pacing.blocked(500, 300);
    for (let at = 0; at < 100; at += 1) {
      pacing.flew(0.8, 300);
    }
    expect(pacing.isInBackground).toBe(true);
    for (let at = 0; at < 32; at += 1) {
      pacing.flew(at % 5 === 0 ? 0.2 : 3, 300);
    }
    expect(pacing.isInBackground).toBe(false);
  });
});
