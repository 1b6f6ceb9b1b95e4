/** The store tool on a disk in memory: what it finds is what opening the store finds, and nothing it looks at is changed. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { definition, directory, encoder, open, payloadOf, publish } from "../store/file-store.contract.ts";
import type { StoredStream } from "../store/stream-store.ts";
import { runStoreTool } from "./store-tool.ts";

const latin = new TextDecoder("latin1");

async function tool(disk: CrashableDisk, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runStoreTool(words, {
    disk,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    absolute: (path) => path,
  });
  return { code, out, err };
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** Twelve messages, two of them removed, a consumer, an id; stopped cleanly. */
async function stoppedStore(disk = new CrashableDisk()): Promise<CrashableDisk> {
  const { store } = await open(disk);
  const stream = store.createStream(definition());
  stream.setMessageIdWindow(120_000_000_000n);
  const consumer = stream.createAsset("c", encoder.encode("definition"));
  for (let at = 1; at <= 12; at += 1) {
    publish(stream, `payload ${at}`, { id: `id-${at}`, on: at % 2 === 0 ? "even" : "odd" });
    consumer.append(encoder.encode(`change ${at}`));
    store.commit();
  }
  stream.messages.remove(3);
  stream.messages.remove(7);
  store.commit();
  await store.close();
  return disk;
}

function corrupt(disk: CrashableDisk, text: string): void {
  const path = `${directory}/log/0000000001.log`;
  disk.corrupt(path, latin.decode(disk.contents(path)).indexOf(text), 1);
}

function changes(disk: CrashableDisk): number {
  const kinds = ["write", "truncate", "rename", "unlink", "makeDirectory", "removeDirectory"] as const;
  return kinds.reduce((sum, kind) => sum + disk.count(kind), 0);
}

test("a sound store is called sound, and not one call changes it", async () => {
  const disk = await stoppedStore();
  const before = changes(disk);
  const { code, out } = await tool(disk, "verify", directory, "--json");
  expect(code).toBe(0);
  expect(parsed(out)).toMatchObject({
    store: directory,
    verdict: "sound",
    opens: true,
    damage: [],
    streams: [{ account: "$G", name: "S", messages: 10, first_seq: 1, last_seq: 12, consumers: 1, lost: [] }],
  });
  expect(changes(disk)).toBe(before);
});

test("the directory a server was given is enough", async () => {
  const { code, out } = await tool(await stoppedStore(), "verify", "/data/");
  expect(code).toBe(0);
  expect(out).toContain("/data/jetstream: sound");
});

test("a damaged message is named with file, offset, stream and sequence", async () => {
  const disk = await stoppedStore();
  corrupt(disk, "payload 5");
  const { code, out } = await tool(disk, "verify", directory, "--json");
  expect(code).toBe(1);
  expect(parsed(out)).toMatchObject({
    verdict: "damaged",
    streams: [{ lost: [[5, 5]] }],
    damage: [
      {
        file: "log/0000000001.log",
        what: "message",
        stream: { account: "$G", name: "S" },
        sequences: [[5, 5]],
        recovery: "loses-messages",
      },
    ],
  });
  const text = await tool(disk, "verify", directory);
  expect(text.out).toContain("message 5 of $G > S");
});

test("damage to a removed message, a checkpoint or the marker heals", async () => {
  for (const spoil of [
    (disk: CrashableDisk) => corrupt(disk, "payload 7"),
    (disk: CrashableDisk) => disk.corrupt(`${directory}/checkpoint-b`, 20, 1),
    (disk: CrashableDisk) => disk.corrupt(`${directory}/store.json`, 20, 1),
  ]) {
    const disk = await stoppedStore();
    spoil(disk);
    const { code, out } = await tool(disk, "verify", directory, "--json");
    expect([code, parsed(out)]).toMatchObject([1, { damage: [{ recovery: "heals" }], streams: [{ lost: [] }] }]);
  }
});

test("every flipped byte of the log is found, what is lost is what opening loses, and it is pinned to the place", async () => {
  const disk = await stoppedStore();
  const path = `${directory}/log/0000000001.log`;
  const { length } = disk.contents(path);
  for (let at = 0; at < length; at += 3) {
    disk.corrupt(path, at, 1 << (at % 8));
    const { code, out } = await tool(disk, "verify", directory, "--json");
    const report = parsed(out);
    const damage = Array.isArray(report["damage"]) ? report["damage"] : [];
    const taken = damage.flatMap((one: { sequences?: unknown[]; recovery: string }) =>
      one.recovery === "heals" ? [] : (one.sequences ?? []),
    );
    expect([at, code, damage.length]).toEqual([at, 1, 1]);
    expect(damage[0].offset).toBeLessThanOrEqual(at);
    expect(damage[0].offset + damage[0].bytes).toBeGreaterThan(at);
    expect(report).toMatchObject({ streams: [{ lost: taken, last_seq: 12 }] });
    disk.corrupt(path, at, 1 << (at % 8));
  }
});

test("a segment that vanished is named by its file, with the messages that were in it", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 2048 });
  const stream = store.createStream(definition());
  for (let at = 1; at <= 30; at += 1) {
    publish(stream, "x".repeat(200));
    store.commit();
  }
  await store.close();
  disk.unlink(`${directory}/log/0000000002.log`);
  const { code, out } = await tool(disk, "verify", directory, "--json");
  expect(code).toBe(1);
  expect(parsed(out)).toMatchObject({
    damage: [{ file: "log/0000000002.log", what: "segment that is not there", recovery: "loses-messages" }],
  });
});

test("salvage keeps everything readable: messages, gaps, ids, consumers, and the next sequence", async () => {
  const disk = await stoppedStore();
  corrupt(disk, "payload 5");
  const before = disk.contents(`${directory}/log/0000000001.log`);
  const { code, out } = await tool(disk, "salvage", directory, "/rescued", "--json");
  expect(code).toBe(1);
  expect(parsed(out)).toMatchObject({
    directory: "/rescued/jetstream",
    verdict: "partial",
    streams: [{ name: "S", messages: 9, consumers: 1, lost: [[5, 5]] }],
  });
  expect(disk.contents(`${directory}/log/0000000001.log`)).toEqual(before);
  expect((await tool(disk, "verify", "/rescued")).code).toBe(0);

  const source = await open(disk);
  const copy = await open(disk, { directory: "/rescued/jetstream" });
  const [from] = source.streams;
  const [to] = copy.streams;
  expect(contentOf(to?.stream)).toEqual(contentOf(from?.stream));
  expect(Array.from(to?.stream.messages.lostSequences() ?? [])).toEqual([]);
  expect(to?.assets.map(({ base, records }) => [base, records])).toEqual(from?.assets.map(({ base, records }) => [base, records]));
  expect(to?.messageIds).toEqual(from?.messageIds);
  expect(to?.stream.messages.state).toMatchObject({ firstSequence: 1, lastSequence: 12 });
  expect(publish(to?.stream ?? expect.fail(), "next")).toBe(13);
  expect(to?.stream.createAsset("d", encoder.encode("x")).id).toBe(2);
});

test("salvage writes to no directory that holds anything, and an interrupted one is no store", async () => {
  const disk = await stoppedStore();
  disk.makeDirectory("/taken/something");
  expect(await tool(disk, "salvage", directory, "/taken")).toMatchObject({ code: 3 });
  for (const nth of [1, 2, 3, 4]) {
    disk.failAt({ call: "rename", nth, code: "EIO" });
    const out = `/rescued${nth}`;
    expect(await tool(disk, "salvage", directory, out)).toMatchObject({ code: 3, err: expect.stringContaining("EIO") });
    expect(await tool(disk, "verify", out)).toMatchObject({ code: 3 });
    disk.kill();
  }
});

test("dump lists streams, consumers, segments and records, whole or in part", async () => {
  const disk = await stoppedStore();
  const all = await tool(disk, "dump", directory, "--json");
  const items = all.out.trimEnd().split("\n").map(parsed);
  expect(all.code).toBe(0);
  expect(items.filter(({ type }) => type === "stream")).toMatchObject([{ name: "S", messages: 10, config: '{"name":"S"}' }]);
  expect(items.filter(({ type }) => type === "consumer")).toMatchObject([{ stream: "S", name: "c" }]);
  expect(items.filter(({ kind }) => kind === "message").map(({ state }) => state)).toEqual(
    Array.from({ length: 12 }, (_, at) => (at === 2 || at === 6 ? "removed" : "stored")),
  );
  expect(items.find(({ seq, kind }) => seq === 4 && kind === "message")).not.toHaveProperty("payload");

  const some = await tool(disk, "dump", directory, "--json", "--stream", "S", "--from", "12", "--payload");
  const messages = some.out
    .trimEnd()
    .split("\n")
    .map(parsed)
    .filter(({ kind }) => kind === "message");
  expect(messages).toMatchObject([{ seq: 12, subject: "even", payload: "payload 12", message_id: "id-12" }]);
  expect((await tool(disk, "dump", directory, "--stream", "other")).code).toBe(2);
});

test("wrong words are answered with usage, and what can't be read is not called damaged", async () => {
  const disk = await stoppedStore();
  for (const words of [
    [],
    ["look"],
    ["verify"],
    ["verify", "a", "b"],
    ["salvage", "a"],
    ["dump", "a", "--from", "x"],
    ["verify", "a", "--payload"],
  ]) {
    expect([words, (await tool(disk, ...words)).code]).toEqual([words, 2]);
  }
  expect((await tool(disk, "--help")).code).toBe(0);
  expect(await tool(disk, "verify", "/nowhere")).toMatchObject({ code: 3, err: expect.stringContaining("does not exist") });
  const server = await open(disk);
  expect(await tool(disk, "verify", directory)).toMatchObject({ code: 3, err: expect.stringContaining("in use") });
  server.store.abandon();
  expect((await tool(disk, "verify", directory)).code).toBe(0);
});

function contentOf(stream: StoredStream | undefined): (string | undefined)[] {
  return Array.from({ length: 12 }, (_, at) => (stream === undefined ? undefined : payloadOf(stream, at + 1)));
}
