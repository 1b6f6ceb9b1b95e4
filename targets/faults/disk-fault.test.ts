import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { type FakeTarget, makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import type { DiskOperation } from "../volumes/fuse/disk-calls.ts";
import { fuseLack } from "../volumes/fuse/probe.ts";
import { holdsWithin } from "../waiting.ts";
import { armDiskFault, diskCounts, diskOf, diskTrace, slowDisk, syncOf } from "./disk-fault.ts";
import { fillDisk, fillOwnDisk, makeDiskReadOnly } from "./disk-state.ts";

const lack = await fuseLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

afterEach(async () => {
  await disposeAll();
  for (const fake of fakes.splice(0)) {
    fake[Symbol.dispose]();
  }
});

/** Counts up in a file, one line a sync, and says what it met. */
const counting = `const file = fs.openSync(data + "/log", "a");
  let count = 0;
  const loop = () => {
    try { fs.writeSync(file, ++count + "\\n"); fs.fsyncSync(file); fs.writeSync(1, "synced " + count + "\\n"); }
    catch (error) { fs.writeSync(1, error.code + " at " + count + "\\n"); }
    setTimeout(loop, 2);
  };
  loop();`;

const saw = (instance: Instance, pattern: RegExp) =>
  holdsWithin(() => instance.logTail(200).some((line) => pattern.test(line)), { withinMs: 10_000 });
const newest = (instance: Instance) => Number(/^synced (\d+)$/.exec(instance.logTail(1)[0] ?? "")?.[1] ?? 0);

const fakes: FakeTarget[] = [];

async function provision(fake = makeFakeTarget({ before: counting })): Promise<Instance> {
  fakes.push(fake);
  return (await fake.resolve()).provision({ volume: "fuse" });
}

describe.skipIf(lack !== undefined)(`a disk of the tool's own${because(lack)}`, () => {
  test("answers an error at exactly the chosen operation, and only there", async () => {
    const instance = await provision();
    const armed = await armDiskFault(instance, { calls: "sync", at: 5, does: "EIO" });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true, details: { hits: 1, first: "log" } });
    expect(await saw(instance, /^EIO at \d+$/)).toBe(true);
    const { details } = await armed.release();
    expect(details).toMatchObject({ hits: 1, fault: "EIO calls=sync at=5" });
    expect(instance.logTail(200).filter((line) => line.startsWith("EIO"))).toHaveLength(1);
  });

  test("kills the server before the chosen operation does anything", async () => {
    const instance = await provision();
    const armed = await armDiskFault(instance, { calls: "write", at: 10, does: "kill", files: "log" });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
    expect(instance.pid).toBeUndefined();
    const { operations } = await diskTrace(instance);
    expect(operations.at(-1)).toMatchObject({ kind: "write", error: "EINTR" });
    await instance.start();
  });

  test("holds an operation back until released, and a cut meanwhile takes its bytes", async () => {
    const instance = await provision();
    expect(await saw(instance, /^synced 3$/)).toBe(true);
    const armed = await armDiskFault(instance, { calls: "sync", at: 1, does: "hold", repeats: true });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true, details: { held: 1 } });
    const acknowledged = newest(instance);
    const cut = await instance.powerCut({ keep: "nothing" });
    expect(cut).toMatchObject({ happened: true, details: { unsyncedBytes: 512, droppedBytes: 512, volume: "fuse" } });
    expect(Number(cut.details["tookMs"])).toBeLessThan(5000);
    const lines = readFileSync(join(instance.dataDirectory ?? "", "log"), "utf8")
      .trim()
      .split("\n");
    expect(lines.at(-1)).toBe(String(acknowledged));
    await armed.release();
    await instance.start();
    expect(await saw(instance, /^synced 3$/)).toBe(true);
  });

  test("goes on where it held when the fault is released", async () => {
    const instance = await provision();
    const armed = await armDiskFault(instance, { calls: "sync", at: 1, does: "hold" });
    await armed.happenedWithin(10_000);
    const stuck = newest(instance);
    await armed.release();
    expect(await holdsWithin(() => newest(instance) > stuck, { withinMs: 10_000 })).toBe(true);
  });

  test("lies about a sync: what was acknowledged is gone after a cut", async () => {
    const instance = await provision();
    const armed = await armDiskFault(instance, { calls: "sync", at: 1, does: "ignore", repeats: true });
    await armed.happenedWithin(10_000);
    const before = newest(instance);
    expect(await holdsWithin(() => newest(instance) > before + 3, { withinMs: 10_000 })).toBe(true);
    const { details } = await instance.powerCut({ keep: "nothing" });
    expect(Number(details["droppedBytes"])).toBeGreaterThan(0);
    await armed.release();
  });

  test("writes half of a write that is cut short", async () => {
    using fake = makeFakeTarget({
      before: `setTimeout(() => fs.writeSync(fs.openSync(data + "/f", "w"), Buffer.alloc(1000)), 500);`,
    });
    const instance = await (await fake.resolve()).provision({ volume: "fuse" });
    const armed = await armDiskFault(instance, { calls: "write", at: 1, does: "short" });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
    // Node writes the rest by itself.
    const writes = async () => (await diskTrace(instance)).operations.filter(({ kind }) => kind === "write");
    expect(await holdsWithin(async () => (await writes()).length === 2, { withinMs: 10_000 })).toBe(true);
    expect((await writes()).at(-1)).toMatchObject({ offset: 500, length: 500 });
  });

  test("is slow as told, and quick again when released", async () => {
    const instance = await provision();
    const slow = await slowDisk(instance, { syncDelayMs: 60 });
    expect(await slow.happenedWithin(10_000)).toMatchObject({ happened: true });
    const { details } = await slow.release();
    expect(Number(details["longestMs"])).toBeGreaterThanOrEqual(60);
    const after = await diskTrace(instance);
    const before = newest(instance);
    expect(await holdsWithin(() => newest(instance) > before + 3, { withinMs: 10_000 })).toBe(true);
    const { operations } = await diskTrace(instance, after.next + 2);
    const shortest = Math.min(...operations.map(({ cameMs, answeredMs = Number.POSITIVE_INFINITY }) => answeredMs - cameMs));
    expect(shortest).toBeLessThan(60);
  });

  test("bounds the bytes per second of reads and writes", async () => {
    const instance = await provision(makeFakeTarget());
    await slowDisk(instance, { bytesPerSecond: 1_000_000 });
    const start = performance.now();
    // Not in this process's own thread: it would wait as well, but so would the deadline.
    await writeFile(join(instance.dataDirectory ?? "", "f"), Buffer.alloc(300_000));
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  test("is full, over quota or read-only until released, under the running server", async () => {
    const instance = await provision();
    const full = await fillDisk(instance);
    expect(full.evidence()).toMatchObject({ happened: true, details: { freeAfter: 0, probe: "ENOSPC" } });
    await full.release();
    const quota = await fillOwnDisk(instance, diskOf(instance), { error: "EDQUOT" });
    expect(quota.evidence()).toMatchObject({ happened: true, details: { probe: "EDQUOT" } });
    await quota.release();
    const readOnly = await makeDiskReadOnly(instance);
    expect(readOnly.evidence()).toMatchObject({ happened: true, details: { how: "disk", probe: "EROFS" } });
    expect(await saw(instance, /^EROFS at \d+$/)).toBe(true);
    expect(await readOnly.release()).toMatchObject({ details: { probeAfter: "none" } });
  });

  test("refuses faults that make no sense, and instances on other ground", async () => {
    const instance = await provision(makeFakeTarget());
    await expect(armDiskFault(instance, { calls: "read", at: 1, does: "short" })).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
    await expect(armDiskFault(instance, { calls: "read", at: 0, does: "EIO" })).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
    using fake = makeFakeTarget();
    const other = await (await fake.resolve()).provision();
    expect(other.capabilities.missing.get("fuse")).toContain("fuse");
    await expect(armDiskFault(other, { calls: "sync", at: 1, does: "EIO" })).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
    writeFileSync(join(instance.dataDirectory ?? "", "writable"), "");
    expect(readdirSync(instance.dataDirectory ?? "")).toContain("writable");
  });
});

test("the sync of some bytes is the first that began after their write was answered", () => {
  const operation = (number: number, kind: DiskOperation["kind"], cameMs: number, rest: Partial<DiskOperation> = {}): DiskOperation => ({
    number,
    kind,
    path: "1.blk",
    cameMs,
    answeredMs: cameMs + 1,
    ...rest,
  });
  const operations = [
    operation(1, "write", 10, { offset: 0, length: 100 }),
    operation(2, "sync", 10.5),
    operation(3, "sync", 12, { error: "EIO" }),
    operation(4, "sync", 14, { path: "2.blk" }),
    operation(5, "sync", 16),
    operation(6, "write", 20, { offset: 100, length: 50, synced: true }),
  ];
  expect(syncOf(operations, { path: "1.blk", offset: 20, length: 30 }).sync?.number).toBe(5);
  expect(syncOf(operations, { path: "1.blk", offset: 110, length: 30 }).sync?.number).toBe(6);
  expect(syncOf(operations, { path: "1.blk", offset: 90, length: 30 })).toEqual({ write: undefined, sync: undefined });
});

/** Publishes one after the other and says what reached the disk meanwhile. */
async function countsOf(instance: Instance, { count, window }: { count: number; window: number }) {
  const connection = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) }, { timeoutMs: 15_000 });
  const before = await diskCounts(instance);
  let left = count;
  let acknowledged = 0;
  const worker = async () => {
    while (left-- > 0) {
      const reply = await connection.request({ subject: "s.a", payload: Buffer.alloc(200, "x") }, { timeoutMs: 15_000 });
      acknowledged += reply.text().includes('"seq":') ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: window }, worker));
  const after = await diskCounts(instance);
  await connection.close();
  return { acknowledged, writes: after.writes - before.writes, syncs: after.fileSyncs - before.fileSyncs };
}

describe.skipIf(officialLack !== undefined)(`the official server on such a disk${because(officialLack)}`, () => {
  test("syncs none of 1000 publishes by default, and loses them all in a cut", { timeout: 60_000 }, async () => {
    const target = await resolveTarget("nats-server", { bin: executable ?? "" });
    const instance = await target.provision({ volume: "fuse" });
    expect(await countsOf(instance, { count: 1000, window: 64 })).toMatchObject({ acknowledged: 1000, syncs: 0 });
    const { details } = await instance.powerCut({ keep: "nothing" });
    expect(Number(details["droppedBytes"])).toBeGreaterThan(200_000);
    await instance.start();
    expect(await messages(instance)).toBeUndefined();
  });

  test("syncs each of 1000 publishes with sync_interval always, and keeps them", { timeout: 60_000 }, async () => {
    const target = await resolveTarget("nats-server", { bin: executable ?? "", set: { sync_interval: "always" } });
    const instance = await target.provision({ volume: "fuse" });
    expect(await countsOf(instance, { count: 1000, window: 64 })).toMatchObject({ acknowledged: 1000, syncs: 1000 });
    await instance.powerCut({ keep: "torn", seed: 3 });
    await instance.start();
    expect(await messages(instance)).toBe(1000);
  });
});

describe.skipIf(lack !== undefined)(`the reference on such a disk${because(lack)}`, () => {
  test("syncs once for each of 200 publishes one after the other, and far fewer times in a window of 256", {
    timeout: 60_000,
  }, async () => {
    const target = await resolveTarget("embedded");
    const instance = await target.provision({ volume: "fuse" });
    const alone = await countsOf(instance, { count: 200, window: 1 });
    expect(alone.acknowledged).toBe(200);
    expect(alone.syncs).toBeGreaterThanOrEqual(200);
    const together = await countsOf(instance, { count: 2000, window: 256 });
    expect(together.acknowledged).toBe(2000);
    expect(together.syncs).toBeLessThan(500);
    await instance.powerCut({ keep: "random", seed: 11 });
    await instance.start();
    expect(await messages(instance)).toBe(2200);
  });
});

/** undefined when the stream does not exist. */
async function messages(instance: Instance): Promise<number | undefined> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" }, { timeoutMs: 15_000 });
  await connection.close();
  const count = /"messages":(\d+)/.exec(answer.text())?.[1];
  return count === undefined ? undefined : Number(count);
}
