/** Index footers: an opening with them finds what one without them finds. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, microtasks, open, publish } from "./file-store.contract.ts";
import type { OpenedStore } from "./open-store.ts";
import { segmentName } from "./segment.ts";
import { describeStream } from "./stream-store.contract.ts";

const day = 86_400_000_000_000n;

/** Several segments of one stream, with removals, headers-to-be and times far apart; then idle, so that footers are written. */
async function indexed(): Promise<{ disk: CrashableDisk; clock: VirtualClock }> {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await open(disk, { clock });
  const stream = store.createStream(definition());
  for (let at = 1; at <= 200; at += 1) {
    const timeNs = clock.nowNs() + BigInt(at) * (at % 50 === 0 ? 60n * day : 1n);
    publish(stream, "x".repeat(100 + at), { on: `subject.${at % 11}`, timeNs });
    store.commit();
  }
  stream.messages.remove(50);
  stream.messages.removeBelow(10);
  store.commit();
  for (let round = 0; round < 10; round += 1) {
    clock.advance(200);
    await microtasks(200);
  }
  await store.close();
  return { disk, clock };
}

function found(opened: OpenedStore): unknown {
  return opened.streams.map(({ stream }) => describeStream(stream.messages));
}

function endOf(disk: CrashableDisk, path: string): number {
  return disk.contents(path).length;
}

test("an opening with footers finds what an opening without them finds, and checks every record all the same", async () => {
  const { disk, clock } = await indexed();
  const files = disk.list(`${directory}/log`).filter(({ name }) => name.endsWith(".log"));
  const fast = await open(disk, { clock });
  const before = found(fast);
  expect([...fast.store.log.segments.values()].filter(({ hasFooter }) => hasFooter).length).toBeGreaterThan(3);
  fast.store.abandon();
  for (const { path, hasFooter } of fast.store.log.segments.values()) {
    if (!hasFooter) {
      continue;
    }
    disk.corrupt(path, endOf(disk, path) - 40, 1);
  }
  const slow = await open(disk, { clock });
  expect([...slow.store.log.segments.values()].filter(({ hasFooter }) => hasFooter)).toEqual([]);
  expect(found(slow)).toEqual(before);
  expect([slow.report.damage, slow.report.lost, fast.report.lost]).toEqual([[], [], []]);

  const hurt = await indexed();
  hurt.disk.corrupt(`${directory}/log/${files[2]?.name}`, 1000, 1);
  const opened = await open(hurt.disk, { clock: hurt.clock });
  expect(opened.report.lost[0]?.sequences).toHaveLength(1);
  expect(opened.report.named).toMatchObject([{ file: `log/${files[2]?.name}`, recovery: "loses-messages" }]);
});

test("of a store that is larger than what an opening checks the oldest files are taken at their footers' word, and a wrong byte is still never served", async () => {
  const { disk, clock } = await indexed();
  const all = await open(disk, { clock });
  expect(all.report.uncheckedBytes).toBe(0);
  all.store.abandon();
  const some = await open(disk, { clock, checkedAtOpenBytes: 20_000 });
  expect(some.report.uncheckedBytes).toBeGreaterThan(8_000);
  expect(found(some)).toEqual(found(all));
  some.store.abandon();

  const { place = 0, offset = 0 } = [...some.store.streams.values()][0]?.messages.index.placeOf(20) ?? {};
  disk.corrupt(`${directory}/log/${segmentName(place)}`, offset + 90, 1);
  const unaware = await open(disk, { clock, checkedAtOpenBytes: 20_000 });
  expect(unaware.report.lost).toEqual([]);
  const messages = unaware.streams[0]?.stream.messages;
  const before = messages?.state.messages ?? 0;
  describeStream(messages ?? neverThere());
  expect(messages?.state.messages).toBe(before - 1);
  expect([...(messages?.lostSequences() ?? [])]).toHaveLength(1);
});

test("footers are written when nothing else happens, and half a footer is none", async () => {
  const { disk: whole } = await indexed();
  const calls = whole.count("any");
  for (let at = calls - 80; at <= calls; at += 1) {
    const disk = new CrashableDisk();
    const clock = new VirtualClock();
    const { store } = await open(disk, { clock });
    const stream = store.createStream(definition());
    for (let sequence = 1; sequence <= 100; sequence += 1) {
      publish(stream, "x".repeat(200));
      store.commit();
    }
    const expected = describeStream(stream.messages);
    disk.dieAt(at - calls + 81);
    for (let round = 0; round < 5; round += 1) {
      try {
        clock.advance(200);
      } catch {
        // The machine died in a timer.
      }
      await microtasks(100);
    }
    disk.powerCut({ keep: "random", seed: at });
    const opened = await open(disk, { clock });
    expect(opened.report).toMatchObject({ damage: [], lost: [] });
    expect(found(opened)).toEqual([expected]);
    opened.store.abandon();
  }
});

function neverThere(): never {
  throw new Error("the stream is there");
}
