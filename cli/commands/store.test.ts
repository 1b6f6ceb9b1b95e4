/** `streamproof store` as a user types it, on a stored store. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const place = mkdtempSync(join(tmpdir(), "store-command-"));
const data = join(place, "data");
cpSync(join(root, "reference/store/fixtures/v1/store"), join(data, "jetstream"), { recursive: true });

afterAll(() => rmSync(place, { recursive: true }));

function typed(...words: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/streamproof.js"), "store", ...words], {
    encoding: "utf8",
    // Vitest's own variable would keep the command from starting.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "VITEST")),
  });
  return { code: status, out: stdout, err: stderr };
}

test("verify, dump and salvage reach the tool, and its exit codes come back", () => {
  const names = readdirSync(data, { recursive: true });
  expect(typed("verify", data)).toMatchObject({ code: 0, out: expect.stringContaining("jetstream: sound") });
  expect(typed("dump", data, "--stream", "LATE", "--payload").out).toContain("payload=end");
  expect(readdirSync(data, { recursive: true })).toEqual(names);

  const segment = join(data, "jetstream/log/0000000009.log");
  const bytes = readFileSync(segment);
  const at = bytes.indexOf("late.headers");
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  writeFileSync(segment, bytes);
  expect(typed("verify", data, "--json")).toMatchObject({ code: 1, out: expect.stringContaining('"sequences"') });
  expect(typed("salvage", data, join(place, "out"))).toMatchObject({ code: 1, out: expect.stringContaining("lost 1000") });
  expect(typed("verify", join(place, "out")).code).toBe(0);
}, 60_000);

test("wrong words end with 2, and what is no store with 3", () => {
  expect(typed("verify")).toMatchObject({ code: 2, err: expect.stringContaining("Usage") });
  expect(typed("verify", join(place, "nowhere"))).toMatchObject({ code: 3, err: expect.stringContaining("does not exist") });
  expect(typed("--help")).toMatchObject({ code: 0, out: expect.stringContaining("salvage") });
}, 60_000);
