import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSourceTree, root } from "./source-tree.ts";

const longest = 400;
/** Files that are one table, where splitting would hide it. */
const tables = new Set(["reference/jetstream/error-catalog.ts", "reference/jetstream/errors.ts"]);

test("no source file is longer than 400 lines unless it is one table", () => {
  const tooLong = [...readSourceTree()].filter(([file, text]) => text.split("\n").length > longest + 1 && !tables.has(file));
  expect(tooLong.map(([file, text]) => `${file}: ${text.split("\n").length}`)).toEqual([]);
});

test("no drawer files: a name says what is inside", () => {
  const drawers = [...readSourceTree().keys()].filter((file) => /\/(?:utils?|helpers?|types?|common|misc)\.ts$/.test(file));
  expect(drawers).toEqual([]);
});

test("shipped code prints, reads argv and exits only in cli/ and in files that are programs of their own", () => {
  const programs = new Set(["reference/main.ts", "reference/store-tool.ts", "targets/volumes/fuse/daemon.ts"]);
  const offenders = [...readSourceTree()].filter(([file, text]) => {
    if (/\.(?:test|contract|bench|fuzz)\.ts$/.test(file) || /^(?:cli|selftest)\//.test(file) || programs.has(file)) {
      return false;
    }
    return /\bconsole\.(?:log|error|warn)\b|\bprocess\.(?:exit|argv)\b(?!\()|\bprocess\.exit\(/.test(stripComments(text));
  });
  expect(offenders.map(([file]) => file)).toEqual([]);
});

test("the repository holds no large blobs", () => {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  const large = tracked.filter((file) => file !== "package-lock.json" && readFileSync(join(root, file)).length > 512 * 1024);
  expect(large).toEqual([]);
});

function stripComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}
