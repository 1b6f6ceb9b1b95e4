import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TraceLog } from "./trace-log.ts";

let folder = "";
let log: TraceLog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
  log = new TraceLog(join(folder, "log"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(...lines: string[]): void {
  appendFileSync(join(folder, "log"), lines.map((line) => `${line}\n`).join(""));
  log.read();
}

test("a log that is not there yet has nothing", () => {
  log.read();
  expect(log).toMatchObject({ calls: 0, hits: [] });
});

test("a call in two halves, with another thread's between, is one, and has its path", () => {
  write(
    "10 fdatasync(21</d/a> <unfinished ...>",
    "11 fdatasync(22</d/b>) = 0",
    "10 <... fdatasync resumed>) = -1 EIO (Input/output error) (INJECTED)",
  );
  expect(log).toMatchObject({ calls: 2, hits: [{ call: "fdatasync", thread: 10 }] });
  expect(log.hits[0]?.line).toContain("/d/a");
  expect(log.hits[0]?.line).toContain("(INJECTED)");
});

test("text that arrives in pieces is read once", () => {
  appendFileSync(join(folder, "log"), "10 write(5</d/a>, ");
  log.read();
  expect(log.calls).toBe(0);
  write('""..., 7) = -1 ENOSPC (No space left on device) (INJECTED)');
  log.read();
  expect(log).toMatchObject({ calls: 1, hits: [{ call: "write" }] });
});

test("a kill belongs to the call that was to be killed, and to no other that happened to be under way", () => {
  write(
    "10 fsync(3</d/a>) = 0",
    "10 fsync(3</d/a> <unfinished ...>",
    "11 fsync(4</d/b> <unfinished ...>",
    "11 <... fsync resumed>) = ?",
    "11 +++ killed by SIGKILL +++",
    "10 <... fsync resumed>) = ?",
    "10 +++ killed by SIGKILL +++",
  );
  expect(log.killedAt(2)).toMatchObject({ thread: 10 });
  expect(log.killedAt(1)).toMatchObject({ thread: 11 });
  expect(log.killedAt(3)).toBeUndefined();
});

test("a call under way without a kill was not killed", () => {
  write("10 fsync(3</d/a> <unfinished ...>");
  expect(log.killedAt(1)).toBeUndefined();
  expect(log.underWay({ at: 1, repeats: false })).toHaveLength(1);
});

test("a call is delayed from its place on, also before its line has ended", () => {
  write("10 fsync(3</d/a>) = 0");
  appendFileSync(join(folder, "log"), "10 fsync(3</d/a>");
  log.read();
  expect(log.underWay({ at: 1, repeats: false })).toEqual([]);
  expect(log.underWay({ at: 1, repeats: true })).toMatchObject([{ call: "fsync", thread: 10 }]);
  expect(log.underWay({ at: 2, repeats: false })).toHaveLength(1);
});
