import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFakeTarget } from "../fake-target.ts";
import type { Instance } from "../target.ts";
import { flipBits } from "./bit-sweep.ts";
import { listFiles, removeFiles } from "./store-files.ts";

/** A stopped server whose store is `files`. */
async function storeOf(files: Readonly<Record<string, Buffer>>): Promise<{ instance: Instance; folder: string } & AsyncDisposable> {
  const fake = makeFakeTarget();
  const instance = await (await fake.resolve()).provision();
  await instance.kill();
  const folder = instance.dataDirectory ?? "";
  expect(listFiles(folder)).toEqual([]);
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes);
  }
  return {
    instance,
    folder,
    [Symbol.asyncDispose]: async () => {
      await instance.dispose();
      fake[Symbol.dispose]();
    },
  };
}

test("a sweep flips every bit of every file exactly once, and then says that there are no more", async () => {
  const small = Buffer.alloc(5, 1);
  const large = Buffer.alloc(40, 1);
  await using store = await storeOf({ a: small, b: large });
  const seen = { a: Buffer.alloc(5), b: Buffer.alloc(40) };
  let bit = 0;
  for (; ; bit++) {
    const evidence = flipBits(store.instance, { bit, spreadBytes: 8, files: "**" });
    if (!evidence.happened) {
      break;
    }
    for (const name of ["a", "b"] as const) {
      const now = readFileSync(join(store.folder, name));
      const before = name === "a" ? small : large;
      for (const [at, byte] of now.entries()) {
        const flipped = byte ^ (before[at] ?? 0);
        expect((seen[name][at] ?? 0) & flipped).toBe(0);
        seen[name][at] = (seen[name][at] ?? 0) | flipped;
      }
      writeFileSync(join(store.folder, name), before);
    }
  }
  expect(seen.a.every((byte) => byte === 0xff) && seen.b.every((byte) => byte === 0xff)).toBe(true);
  // Every bit of the small file and of both ends of the large one by itself, between them one in every 8 bytes.
  expect(bit).toBe(5 * 8 + 3 * 8 * 8);
});

test("files that fit are removed, others stay", async () => {
  await using store = await storeOf({ "index.db": Buffer.from("x"), "1.blk": Buffer.from("y") });
  expect(removeFiles(store.instance, "**/index.db")).toBe("1 files that fit **/index.db were deleted");
  expect(readFileSync(join(store.folder, "1.blk"), "utf8")).toBe("y");
});
