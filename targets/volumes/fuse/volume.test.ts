import fs from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, describe, expect, test } from "vitest";
import { makeInstanceFolder } from "../../instance-folder.ts";
import { forgetLive, keepLive } from "../../live.ts";
import { holdsWithin } from "../../waiting.ts";
import { mounts } from "../mount.ts";
import { fuseLack } from "./probe.ts";
import { createFuseVolume, type FuseVolume } from "./volume.ts";

const lack = await fuseLack();
const volumes: FuseVolume[] = [];

async function makeVolume(sizeBytes = 64 * 1024 * 1024): Promise<FuseVolume> {
  const volume = await createFuseVolume(makeInstanceFolder(), sizeBytes);
  keepLive(volume);
  volumes.push(volume);
  return volume;
}

afterEach(async () => {
  for (const volume of volumes.splice(0)) {
    await volume.dispose();
    forgetLive(volume);
  }
});

const cut = async (volume: FuseVolume, names: "ordered" | "strict" = "ordered") => {
  const snapshot = await volume.snapshot({ keep: "nothing", names });
  await volume.replaceWith(snapshot);
  return snapshot;
};

describe.skipIf(lack !== undefined)(`a volume through FUSE${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  test("is a file system: what is written is read, moved, listed and removed", async () => {
    const { directory } = await makeVolume();
    const at = (name: string) => join(directory, name);
    fs.mkdirSync(at("a/b"), { recursive: true });
    const large = Buffer.alloc(3_000_000, "0123456789");
    fs.writeFileSync(at("a/large"), large);
    expect(fs.readFileSync(at("a/large")).equals(large)).toBe(true);
    fs.appendFileSync(at("a/large"), "end");
    expect(fs.statSync(at("a/large"))).toMatchObject({ size: 3_000_003, nlink: 1 });
    fs.truncateSync(at("a/large"), 4);
    expect(fs.readFileSync(at("a/large"), "utf8")).toBe("0123");
    fs.renameSync(at("a/large"), at("a/b/small"));
    fs.linkSync(at("a/b/small"), at("hard"));
    fs.symlinkSync("hard", at("soft"));
    expect(fs.readFileSync(at("soft"), "utf8")).toBe("0123");
    expect(fs.readdirSync(directory).sort()).toEqual(["a", "hard", "soft"]);
    expect(() => fs.rmdirSync(at("a/b"))).toThrow(/ENOTEMPTY/);
    expect(() => fs.openSync(at("a/b/small"), "wx")).toThrow(/EEXIST/);
    const many = Array.from({ length: 500 }, (_, index) => `file-${String(index).padStart(3, "0")}`);
    for (const name of many) {
      fs.writeFileSync(at(`a/${name}`), name);
    }
    expect(fs.readdirSync(at("a")).sort()).toEqual(["b", ...many]);
    fs.rmSync(at("a"), { recursive: true });
    expect(fs.readdirSync(directory).sort()).toEqual(["hard", "soft"]);
  });

  test("serves locks, reservations of space and synchronous writes of other programs", async () => {
    const { directory } = await makeVolume();
    const file = join(directory, "f");
    await execa("fallocate", ["-l", "1000000", file]);
    expect(fs.statSync(file).size).toBe(1_000_000);
    await execa("flock", ["-n", file, "true"]);
    await execa("dd", ["if=/dev/zero", `of=${file}`, "bs=4096", "count=10", "oflag=dsync", "conv=notrunc"]);
  });

  test("loses at a cut exactly what was not synced, at the same path, and old handles are stale", async () => {
    const volume = await makeVolume();
    const at = (name: string) => join(volume.directory, name);
    fs.writeFileSync(at("synced"), "kept", { flush: true });
    fs.appendFileSync(at("synced"), " lost");
    fs.writeFileSync(at("written"), "lost");
    const old = fs.openSync(at("synced"), "r");
    const snapshot = await cut(volume);
    expect(snapshot).toMatchObject({ unsyncedBytes: 1024, droppedBytes: 1024, shape: { names: "ordered", droppedNames: 1 } });
    expect(fs.readdirSync(volume.directory)).toEqual(["synced"]);
    expect(fs.readFileSync(at("synced"), "utf8")).toBe("kept");
    expect(() => fs.readSync(old, Buffer.alloc(4))).toThrow(/-116/);
    fs.closeSync(old);
  });

  test("takes the names of synced files in unsynced folders when the disk promises no more than POSIX", async () => {
    const volume = await makeVolume();
    fs.writeFileSync(join(volume.directory, "a"), "x", { flush: true });
    const folder = fs.openSync(volume.directory, "r");
    fs.fsyncSync(folder);
    fs.closeSync(folder);
    fs.writeFileSync(join(volume.directory, "b"), "x", { flush: true });
    await cut(volume, "strict");
    expect(fs.readdirSync(volume.directory)).toEqual(["a"]);
  });

  test("counts writes and syncs, those of files opened with O_DSYNC too, and keeps them in order", async () => {
    const volume = await makeVolume();
    const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
    const plain = fs.openSync(join(volume.directory, "plain"), flags);
    const synced = fs.openSync(join(volume.directory, "synced"), flags | fs.constants.O_DSYNC);
    fs.writeSync(plain, "abc");
    fs.fdatasyncSync(plain);
    fs.writeSync(synced, "defg");
    expect(await volume.ask("counts")).toMatchObject({ writes: 2, bytesWritten: 7, fileSyncs: 1, syncedWrites: 1, folderSyncs: 0 });
    const { operations, lost } = await volume.ask("trace", { number: 1 });
    expect(lost).toBe(0);
    expect(operations.map(({ kind, path, offset, length }) => [kind, path, offset, length])).toEqual([
      ["open", "plain", undefined, undefined],
      ["open", "synced", undefined, undefined],
      ["write", "plain", 0, 3],
      ["sync", "plain", undefined, undefined],
      ["write", "synced", 0, 4],
    ]);
    fs.closeSync(plain);
    fs.closeSync(synced);
    await cut(volume);
    expect(fs.readFileSync(join(volume.directory, "synced"), "utf8")).toBe("defg");
  });

  test("is full at its size, and has room again when files go", async () => {
    const { directory } = await makeVolume(1024 * 1024);
    expect(() => fs.writeFileSync(join(directory, "a"), Buffer.alloc(2_000_000))).toThrow(/ENOSPC/);
    fs.rmSync(join(directory, "a"));
    fs.writeFileSync(join(directory, "b"), Buffer.alloc(900_000));
    expect(fs.statfsSync(directory).bavail).toBeLessThan(40);
  });

  test("lets a program be killed that waits for an operation which is held back", async () => {
    const volume = await makeVolume();
    await volume.ask("arm", { calls: "sync", at: 1, does: "hold" });
    const child = execa("sh", ["-c", `echo x > ${join(volume.directory, "f")}; sync ${join(volume.directory, "f")}`], { reject: false });
    expect(await holdsWithin(async () => (await volume.ask("faultState", { id: 1 })).held === 1, { withinMs: 10_000 })).toBe(true);
    await execa("pkill", ["-KILL", "-P", String(child.pid)], { reject: false });
    child.kill("SIGKILL");
    await child;
    expect(await holdsWithin(async () => (await volume.ask("faultState", { id: 1 })).held === 0, { withinMs: 10_000 })).toBe(true);
  });

  test("is unmounted and gone when it is disposed of, also while a program waits for it", async () => {
    const volume = await makeVolume();
    await volume.ask("arm", { calls: "open", at: 1, does: "hold" });
    const child = execa("touch", [join(volume.directory, "f")], { reject: false });
    expect(await holdsWithin(async () => (await volume.ask("faultState", { id: 1 })).held === 1, { withinMs: 10_000 })).toBe(true);
    await volume.dispose();
    expect((await child).exitCode).not.toBe(0);
    expect(mounts().filter(({ mountPoint }) => volume.directory.startsWith(mountPoint) && mountPoint !== "/")).toEqual([]);
    await expect(volume.ask("counts")).rejects.toThrow("not there");
  });
});
