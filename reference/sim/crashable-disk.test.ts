import { expect, test } from "vitest";
import { CrashableDisk } from "./crashable-disk.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (disk: CrashableDisk, path: string) => new TextDecoder().decode(disk.contents(path));

test("a kill keeps what was written, and ends handles and locks", async () => {
  const disk = new CrashableDisk();
  disk.makeDirectory("/d");
  const file = disk.open("/d/f", "create-new");
  file.write(bytes("hello"), 0);
  expect(await disk.lock("/d")).toBeDefined();
  expect(await disk.lock("/d")).toBeUndefined();
  disk.kill();
  expect(text(disk, "/d/f")).toBe("hello");
  expect(() => file.write(bytes("x"), 0)).toThrow(expect.objectContaining({ code: "EBADF" }));
  expect(await disk.lock("/d")).toBeDefined();
});

test("a synced file whose name was never synced is gone after a power cut", () => {
  const disk = new CrashableDisk();
  disk.makeDirectory("/d");
  disk.syncDirectory("/");
  const file = disk.open("/d/f", "create-new");
  file.write(bytes("hello"), 0);
  file.sync();
  disk.powerCut({ keep: "nothing" });
  expect(disk.list("/d")).toEqual([]);
});

test("a synced name keeps only the content that was synced", () => {
  const disk = new CrashableDisk();
  const file = disk.open("/f", "create-new");
  file.write(bytes("synced"), 0);
  file.sync();
  disk.syncDirectory("/");
  file.write(bytes("-later"), 6);
  disk.powerCut({ keep: "nothing" });
  expect(text(disk, "/f")).toBe("synced");
});

test("a rename is whole: the name holds the old file or the new one", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed += 1) {
    const disk = new CrashableDisk();
    for (const [name, content] of [
      ["/f", "old"],
      ["/f.new", "new"],
    ] as const) {
      const file = disk.open(name, "create-new");
      file.write(bytes(content), 0);
      file.sync();
    }
    disk.syncDirectory("/");
    disk.rename("/f.new", "/f");
    disk.powerCut({ keep: "random", seed });
    seen.add(text(disk, "/f"));
  }
  expect([...seen].sort()).toEqual(["new", "old"]);
});

test("the adversary keeps any mixture of sectors, the same for the same seed", () => {
  const cut = (seed: number) => {
    const disk = new CrashableDisk();
    const file = disk.open("/f", "create-new");
    file.write(new Uint8Array(2048).fill(1), 0);
    file.sync();
    disk.syncDirectory("/");
    file.write(new Uint8Array(2048).fill(2), 0);
    disk.powerCut({ keep: "random", seed });
    const content = disk.contents("/f");
    return [0, 512, 1024, 1536].map((at) => {
      expect(new Set(content.subarray(at, at + 512)).size).toBe(1);
      return content[at];
    });
  };
  const outcomes = Array.from({ length: 60 }, (_, seed) => cut(seed + 1).join(""));
  expect(new Set(outcomes).size).toBeGreaterThan(6);
  expect(cut(7)).toEqual(cut(7));
});

test("calls fail and the machine dies where it was told", () => {
  const disk = new CrashableDisk();
  const file = disk.open("/f", "create-new");
  disk.failAt({ call: "write", nth: 2, code: "ENOSPC" });
  file.write(bytes("a"), 0);
  expect(() => file.write(bytes("b"), 1)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  file.write(bytes("c"), 1);
  disk.syncDirectory("/");
  disk.dieAt(1);
  expect(() => file.sync()).toThrow();
  expect(() => disk.list("/")).toThrow();
  expect(disk.isDead).toBe(true);
  disk.powerCut({ keep: "nothing" });
  expect(disk.contents("/f")).toHaveLength(0);
});

test("what a failed sync gave up is still seen, and no later sync makes it durable", () => {
  const disk = new CrashableDisk();
  const file = disk.open("/f", "create-new");
  disk.syncDirectory("/");
  file.write(bytes("one"), 0);
  file.sync();
  file.write(bytes("two"), 3);
  disk.failAt({ call: "sync", nth: 1, code: "EIO" });
  expect(() => file.sync()).toThrow(expect.objectContaining({ code: "EIO" }));
  file.write(bytes("three"), 6);
  file.sync();
  expect(text(disk, "/f")).toBe("onetwothree");
  disk.powerCut({ keep: "everything" });
  expect(text(disk, "/f")).toBe("one\0\0\0three");
});
