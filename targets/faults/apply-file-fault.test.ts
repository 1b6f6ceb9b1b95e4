import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { type FakeTarget, makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { applyFileFault } from "./apply-file-fault.ts";
import { type FileFaultKind, fileFaultKinds, parseFileFault } from "./file-fault.ts";
import { copyStore, listFiles } from "./store-files.ts";

const fakes: FakeTarget[] = [];

afterEach(async () => {
  await disposeAll();
  for (const fake of fakes.splice(0)) {
    fake[Symbol.dispose]();
  }
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`streamproof-${process.pid}-`))).toEqual([]);
});

/** Five pages that all differ and a tail of zeros, a small file, and one in a folder. */
async function stoppedInstance(): Promise<Instance & { readonly folder: string }> {
  const fake = makeFakeTarget();
  fakes.push(fake);
  const instance = await (await fake.resolve()).provision();
  await instance.kill();
  const folder = instance.dataDirectory ?? "";
  mkdirSync(join(folder, "sub"));
  const pages = Array.from({ length: 5 }, (_, page) => Buffer.alloc(4096, page + 1));
  writeFileSync(join(folder, "pages.log"), Buffer.concat([...pages, Buffer.alloc(8192)]));
  writeFileSync(join(folder, "small"), "small");
  writeFileSync(join(folder, "sub/meta"), "metadata");
  return Object.assign(instance, { folder });
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(listFiles(folder).map(({ path }) => [path, readFileSync(join(folder, path), "latin1")]));
}

test("where the data of a file ends is known apart from its size", async () => {
  const { folder } = await stoppedInstance();
  expect(listFiles(folder)).toEqual([
    { path: "pages.log", bytes: 28_672, dataBytes: 20_480 },
    { path: "small", bytes: 5, dataBytes: 5 },
    { path: "sub/meta", bytes: 8, dataBytes: 8 },
  ]);
  expect(listFiles(folder, "sub/*")).toHaveLength(1);
});

test("each kind changes exactly what its evidence names, and its exact description repeats it", async () => {
  const instance = await stoppedInstance();
  writeFileSync(join(instance.folder, "pages.log"), Buffer.alloc(4096, 9), { flag: "r+" });
  const earlier = await copyStore(instance);
  writeFileSync(join(instance.folder, "pages.log"), Buffer.alloc(4096, 1), { flag: "r+" });
  const now = await copyStore(instance);
  const before = contents(instance.folder);
  for (const kind of fileFaultKinds) {
    for (let seed = 0; seed < 5; seed++) {
      const evidence = await applyFileFault(instance, { kind, files: "**", seed }, { earlier });
      expect(evidence).toMatchObject({ happened: true });
      const after = contents(instance.folder);
      const touched = Object.keys(before).filter((path) => before[path] !== after[path]);
      const { file, other, again } = evidence.details;
      expect(new Set(touched)).toEqual(new Set([file, other ?? file]));

      await now.restore();
      expect(contents(instance.folder)).toEqual(before);
      const exact = parseFileFault(String(again));
      expect(await applyFileFault(instance, exact ?? { kind, files: "", seed: 0 }, { earlier })).toMatchObject({ happened: true });
      expect(contents(instance.folder)).toEqual(after);
      await now.restore();
    }
  }
});

test("a bit flip changes the one bit that was asked for, and the file keeps its time of change", async () => {
  const instance = await stoppedInstance();
  const file = join(instance.folder, "small");
  const { mtimeMs } = statSync(file);
  const evidence = await applyFileFault(instance, { kind: "bit-flip", files: "small", seed: 1, offset: 4, bit: 0 });
  expect(evidence).toMatchObject({ happened: true, details: { file: "small", offset: 4, bit: 0, before: "0x6c", after: "0x6d" } });
  expect(readFileSync(file, "utf8")).toBe("smalm");
  expect(statSync(file).mtimeMs).toBeCloseTo(mtimeMs, 0);
});

test("the zeros behind the data are hit only when that is asked for", async () => {
  const instance = await stoppedInstance();
  for (let seed = 0; seed < 20; seed++) {
    const tail = await applyFileFault(instance, { kind: "bit-flip", files: "pages.log", seed, where: "zeros" });
    expect(Number(tail.details["offset"])).toBeGreaterThanOrEqual(20_480);
    truncateSync(join(instance.folder, "pages.log"), 20_480);
    truncateSync(join(instance.folder, "pages.log"), 28_672);
    const data = await applyFileFault(instance, { kind: "bit-flip", files: "pages.log", seed });
    expect(Number(data.details["offset"])).toBeLessThan(20_480);
  }
});

test("what no file offers did not happen, and nothing was touched", async () => {
  const instance = await stoppedInstance();
  const before = contents(instance.folder);
  const impossible: [FileFaultKind, string][] = [
    ["bit-flip", "*.nothing"],
    ["duplicate-page", "small"],
    ["stale-page", "**"],
    ["swap-files", "small"],
    ["delete-file", "*.nothing"],
  ];
  for (const [kind, files] of impossible) {
    expect(await applyFileFault(instance, { kind, files, seed: 3 })).toMatchObject({ happened: false });
  }
  expect(contents(instance.folder)).toEqual(before);
});

test("the files of a running server are left alone", async () => {
  const fake = makeFakeTarget();
  fakes.push(fake);
  const instance = await (await fake.resolve()).provision();
  const attempt = applyFileFault(instance, { kind: "bit-flip", files: "**", seed: 3 });
  await expect(attempt).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED", message: expect.stringContaining("stop or kill it") });
  await expect(copyStore(instance)).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
});

test("a copy that nobody removed goes with everything else", async () => {
  const { directory } = await copyStore(await stoppedInstance());
  expect(existsSync(directory)).toBe(true);
  await disposeAll();
  expect(existsSync(directory)).toBe(false);
});

const executable = await officialServer();

async function hundredMessages(instance: Instance): Promise<void> {
  const connection = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) });
  for (let index = 0; index < 100; index++) {
    await connection.request({ subject: "s.a", payload: Buffer.alloc(200, "x") });
  }
  await connection.close();
}

async function lastSequence(instance: Instance): Promise<number> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" });
  await connection.close();
  return Number(/"last_seq":(\d+)/.exec(answer.text())?.[1] ?? -1);
}

describe.skipIf(executable === undefined)(
  `the official server${executable === undefined ? ` (skipped: ${officialServerReason})` : ""}`,
  () => {
    test("forgets the last acknowledged messages after one flipped bit of a block, and has them again with the copy put back", async () => {
      const instance = await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision();
      await hundredMessages(instance);
      await instance.kill();
      const copy = await copyStore(instance);
      // A bit in the first record's payload: its checksum fails, and what follows is taken for a torn tail.
      expect(await applyFileFault(instance, { kind: "bit-flip", files: "**/1.blk", seed: 1, offset: 60, bit: 2 })).toMatchObject({
        happened: true,
      });
      await instance.start();
      expect(await lastSequence(instance)).toBeLessThan(100);
      await instance.stop();
      await copy.restore();
      await instance.start();
      expect(await lastSequence(instance)).toBe(100);
    });
  },
);

test("the reference keeps its last sequence after one flipped bit", async () => {
  const instance = await (await resolveTarget("embedded")).provision();
  await hundredMessages(instance);
  await instance.kill();
  const copy = await copyStore(instance);
  const evidence = await applyFileFault(instance, { kind: "bit-flip", files: "**", seed: 11, where: "data" });
  expect(evidence).toMatchObject({ happened: true });
  await instance.start();
  expect(await lastSequence(instance)).toBe(100);
  await copy.dispose();
});
