import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockDirectory } from "./lock.ts";

test("a directory is locked once, by whatever path it is reached, until it is released", async ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), "lock-"));
  const link = `${folder}-link`;
  symlinkSync(folder, link);
  onTestFinished(() => {
    rmSync(link);
    rmSync(folder, { recursive: true });
  });
  const lock = await lockDirectory(folder);
  expect(lock).toBeDefined();
  expect(await lockDirectory(link)).toBeUndefined();
  lock?.release();
  const again = await lockDirectory(link);
  expect(again).toBeDefined();
  again?.release();
});
