import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { powerCutLack } from "../capabilities.ts";
import type { PowerCutAdversary } from "../target.ts";
import { createImageVolume } from "./image.ts";
import { isMounted, mounts } from "./mount.ts";
import type { CuttableVolume } from "./volume.ts";

const lack = await powerCutLack();
const folders: string[] = [];
const volumes: CuttableVolume[] = [];
const size = 32 * 1024 * 1024;

async function makeVolume(): Promise<CuttableVolume & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
  folders.push(folder);
  const volume = await createImageVolume(folder, size);
  volumes.push(volume);
  return Object.assign(volume, { folder });
}

function write(file: string, text: string, { sync }: { sync: boolean }): void {
  const descriptor = openSync(file, "a");
  writeSync(descriptor, text);
  if (sync) {
    fsyncSync(descriptor);
  }
  closeSync(descriptor);
}

async function cut(volume: CuttableVolume, adversary: PowerCutAdversary) {
  const snapshot = await volume.snapshot(adversary);
  await volume.replaceWith(snapshot);
  return snapshot;
}

async function cleanUp(): Promise<void> {
  await Promise.all(volumes.splice(0).map((volume) => volume.dispose()));
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
}

beforeEach(cleanUp);
afterAll(cleanUp);

describe.skipIf(lack !== undefined)(`an image volume${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  test("keeping nothing keeps what was synced and loses what was only written", async () => {
    const volume = await makeVolume();
    write(join(volume.directory, "a"), "synced", { sync: true });
    write(join(volume.directory, "a"), " written", { sync: false });
    write(join(volume.directory, "b"), "written", { sync: false });
    const snapshot = await cut(volume, { keep: "nothing" });
    expect(readFileSync(join(volume.directory, "a"), "utf8")).toBe("synced");
    expect(existsSync(join(volume.directory, "b"))).toBe(false);
    expect(snapshot.droppedBytes).toBe(snapshot.unsyncedBytes);
    expect(snapshot.droppedBytes).toBeGreaterThanOrEqual(512);
  });

  test("keeping everything keeps what was only written", async () => {
    const volume = await makeVolume();
    write(join(volume.directory, "b"), "written", { sync: false });
    const snapshot = await cut(volume, { keep: "everything" });
    expect(readFileSync(join(volume.directory, "b"), "utf8")).toBe("written");
    expect(snapshot).toMatchObject({ droppedBytes: 0 });
    expect(snapshot.unsyncedBytes).toBeGreaterThanOrEqual(512);
  });

  test("a random mix never touches what was synced, tears what was not, and replays to a clean file system", async () => {
    const shapes = new Set<unknown>();
    let tornOverwrites = 0;
    for (let seed = 0; seed < 12; seed++) {
      const volume = await makeVolume();
      const synced = join(volume.directory, "synced");
      const overwritten = join(volume.directory, "overwritten");
      const grown = join(volume.directory, "grown");
      write(synced, "s".repeat(200_000), { sync: true });
      write(overwritten, "o".repeat(200_000), { sync: true });
      write(grown, "g".repeat(1000), { sync: true });
      const descriptor = openSync(overwritten, "r+");
      writeSync(descriptor, "n".repeat(200_000), 0);
      closeSync(descriptor);
      write(grown, "w".repeat(200_000), { sync: false });
      const snapshot = await cut(volume, { keep: "random", seed });
      shapes.add(snapshot.shape["metadata"]);

      expect(readFileSync(synced, "utf8")).toBe("s".repeat(200_000));
      const mixed = readFileSync(overwritten, "utf8");
      expect(mixed).toMatch(/^[on]{200000}$/);
      tornOverwrites += mixed.includes("o") && mixed.includes("n") ? 1 : 0;
      // What was synced of a grown file stays; what follows is new, or old content of the place, or not there at all.
      expect(readFileSync(grown, "latin1").slice(0, 1000)).toBe("g".repeat(1000));
      expect(snapshot.droppedBytes).toBeLessThanOrEqual(snapshot.unsyncedBytes);

      const source = mounts().findLast(({ mountPoint }) => mountPoint === join(volume.folder, "mount"))?.source ?? "";
      await execa("umount", [source]);
      await execa("e2fsck", ["-f", "-n", join(volume.folder, "volume.img")]);
    }
    expect(shapes).toEqual(new Set(["old", "new"]));
    expect(tornOverwrites).toBeGreaterThan(6);
  });

  test.each(["torn", "grown"] as const)("%s: keeps what was synced, all names and sizes, and cuts the unsynced tail", async (keep) => {
    const volume = await makeVolume();
    const synced = "s".repeat(10_000);
    const lengths = new Set<number>();
    for (let seed = 0; seed < 6; seed++) {
      // A letter of its own: what stands on reused blocks by chance is no loss.
      const letter = String.fromCharCode(97 + seed);
      write(join(volume.directory, "log"), synced, { sync: true });
      write(join(volume.directory, "log"), letter.repeat(30_000), { sync: false });
      write(join(volume.directory, "new"), letter.repeat(9000), { sync: false });
      const snapshot = await cut(volume, { keep, seed });
      const log = readFileSync(join(volume.directory, "log"), "utf8");
      expect(/^s{10000}([a-f])\1*\0*$|^s{10000}\0*$/.test(log)).toBe(true);
      expect(log.length).toBe(40_000);
      expect(readFileSync(join(volume.directory, "new"), "utf8")).toMatch(/^[a-f]*\0*$/);
      expect(snapshot.droppedBytes).toBeGreaterThan(0);
      const kept = log.replace(/\0+$/, "").length;
      expect(kept % 512 === 0 || kept === 10_000).toBe(true);
      lengths.add(kept);
      rmSync(join(volume.directory, "log"));
      rmSync(join(volume.directory, "new"));
    }
    expect(lengths.size).toBeGreaterThan(1);
  });

  test("refuses to leave names to chance, which its journal doesn't", async () => {
    const volume = await makeVolume();
    await expect(volume.snapshot({ keep: "nothing", names: "strict" })).rejects.toThrow("FUSE");
  });

  test("several cuts of one volume work, and disposing leaves no mount and no file", async () => {
    const volume = await makeVolume();
    for (const round of [1, 2, 3]) {
      write(join(volume.directory, "rounds"), String(round), { sync: true });
      write(join(volume.directory, "rounds"), "lost", { sync: false });
      await cut(volume, { keep: "nothing" });
    }
    expect(readFileSync(join(volume.directory, "rounds"), "utf8")).toBe("123");
    await volume.dispose();
    expect(isMounted(join(volume.folder, "mount"))).toBe(false);
    expect(existsSync(volume.folder)).toBe(false);
  });

  test("a volume that can't be made leaves no mount behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
    folders.push(folder);
    writeFileSync(join(folder, "mount"), "a file where the mount point belongs");
    await expect(createImageVolume(folder, size)).rejects.toThrow(/EEXIST|mount/);
    expect(mounts().some(({ mountPoint }) => mountPoint.startsWith(folder))).toBe(false);
  });
});
