/** Whatever stands in the header of a stream's newest message, its sequence is never given to another one. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, open, publish } from "./file-store.contract.ts";
import type { OpenedStore } from "./open-store.ts";
import type { StoredStream } from "./stream-store.ts";

const path = `${directory}/log/0000000001.log`;
const sizes = { segmentBytes: 65_536 };

/** Commits the turns, writes the marker, and ends by a kill. */
async function killed(turns: (a: StoredStream, b: StoredStream, commit: () => void) => void): Promise<CrashableDisk> {
  const disk = new CrashableDisk();
  const clock = new VirtualClock();
  const { store } = await open(disk, { clock, ...sizes });
  turns(store.createStream(definition("A")), store.createStream(definition("B")), () => store.commit());
  store.commit();
  clock.advance(1_000);
  store.abandon();
  return disk;
}

function recordOf(disk: CrashableDisk, payload: string): { offset: number; length: number } {
  const bytes = disk.contents(path);
  const at = new TextDecoder("latin1").decode(bytes).indexOf(payload);
  // 48 bytes of header, one of subject.
  const offset = at - 49;
  return { offset, length: new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 4, true) };
}

type Turns = (streams: { readonly a: StoredStream; readonly b: StoredStream; readonly commit: () => void }) => void;

const logs: readonly (readonly [log: string, turns: Turns])[] = [
  [
    "each in a batch of its own",
    ({ a, b, commit }) => {
      publish(b, "first of b");
      publish(a, "first of a");
      commit();
      publish(b, "newest of b");
      commit();
      publish(a, "newest of a");
    },
  ],
  [
    "both in one batch",
    ({ a, b }) => {
      publish(b, "first of b");
      publish(a, "first of a");
      publish(b, "newest of b");
      publish(a, "newest of a");
    },
  ],
  [
    "before many batches of the other stream",
    ({ a, b, commit }) => {
      publish(b, "first of b");
      publish(b, "newest of b");
      publish(a, "first of a");
      for (let at = 0; at < 20; at += 1) {
        publish(a, "more");
        commit();
      }
      publish(a, "newest of a");
    },
  ],
];

test.each(logs)("no flipped byte of a stream's newest message lets its sequence be used again: %s", async (_, turns) => {
  const disk = await killed((a, b, commit) => turns({ a, b, commit }));
  for (const [name, newest] of [
    ["A", recordOf(disk, "newest of a")],
    ["B", recordOf(disk, "newest of b")],
  ] as const) {
    const last = await lastOf(disk, name);
    for (let at = newest.offset; at < newest.offset + newest.length; at += 1) {
      disk.kill();
      disk.corrupt(path, at, 1 << (at % 8));
      const opened = await open(disk, sizes);
      const stream = streamOf(opened, name);
      expect([at, stream.messages.state.lastSequence, Array.from(stream.messages.lostSequences())]).toEqual([at, last, [last]]);
      expect(opened.report.named).toMatchObject([
        { what: "message", stream: { name }, sequences: [[last, last]], recovery: "loses-messages" },
      ]);
      expect(publish(stream, "next")).toBe(last + 1);
      opened.store.abandon();
      disk.corrupt(path, at, 1 << (at % 8));
    }
  }
});

test("a skipped sequence is never used again, and one that was removed is not called lost", async () => {
  const skipped = await killed((a, b) => {
    publish(a, "first of a");
    a.messages.skip(5n);
    publish(b, "newest of b");
  });
  const skip = recordOf(skipped, "first of a");
  skipped.corrupt(path, skip.offset + skip.length + 9, 4);
  const one = await open(skipped, sizes);
  expect(streamOf(one, "A").messages.state.lastSequence).toBe(2);

  const removed = await killed((a, b, commit) => {
    publish(a, "first of a");
    publish(a, "newest of a");
    publish(b, "newest of b");
    a.messages.remove(2);
    commit();
    b.messages.remove(1);
  });
  for (const payload of ["newest of a", "newest of b"]) {
    removed.corrupt(path, recordOf(removed, payload).offset + 9, 4);
  }
  const two = await open(removed, sizes);
  for (const [name, last] of [
    ["A", 2],
    ["B", 1],
  ] as const) {
    const { messages } = streamOf(two, name);
    expect([messages.state.lastSequence, Array.from(messages.lostSequences())]).toEqual([last, []]);
  }

  const atOnce = await killed((a) => {
    publish(a, "first of a");
    publish(a, "newest of a");
    a.messages.remove(2);
  });
  atOnce.corrupt(path, recordOf(atOnce, "newest of a").offset + 9, 4);
  const { messages } = streamOf(await open(atOnce, sizes), "A");
  expect([messages.state.lastSequence, Array.from(messages.lostSequences())]).toEqual([2, []]);
});

async function lastOf(disk: CrashableDisk, name: string): Promise<number> {
  disk.kill();
  const opened = await open(disk, sizes);
  const { lastSequence } = streamOf(opened, name).messages.state;
  opened.store.abandon();
  return lastSequence;
}

function streamOf({ streams }: OpenedStore, name: string): StoredStream {
  const found = streams.find(({ definition: { name: other } }) => other === name);
  if (found === undefined) {
    throw new Error(`stream ${name} is not there`);
  }
  return found.stream;
}
