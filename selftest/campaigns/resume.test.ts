/** A campaign whose tool is ended goes on where it was, from the command line. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readResults, removeLeftBehind } from "../../api/index.ts";
import { holdsWithin } from "../../targets/waiting.ts";
import { root } from "../lints/source-tree.ts";

const withinMs = 120_000;
let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "resume-"));
});

afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

function crash(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["bin/streamproof.js", "crash", "kill9-publish", "--seed", "5", "--out", out, "--quiet", ...args], {
    cwd: root,
    stdio: "ignore",
    // The command runs only outside of tests.
    env: { ...process.env, VITEST: undefined },
  });
  return child;
}

function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
}

function cyclesDone(): number {
  const [state] = readdirSync(out).filter((name) => name.endsWith(".state.ndjson"));
  return state === undefined ? 0 : readFileSync(join(out, state), "utf8").split('"type":"cycle"').length - 1;
}

async function until(condition: () => boolean): Promise<void> {
  expect(await holdsWithin(condition, { withinMs, everyMs: 20 })).toBe(true);
}

test.each(["SIGKILL", "SIGINT"] as const)(
  "a campaign that was ended by %s goes on where it was",
  { timeout: 3 * withinMs },
  async (signal) => {
    const first = crash("--cycles", "1000");
    const end = ended(first);
    await until(() => cyclesDone() >= 2);
    first.kill(signal);
    expect(await end).toBe(signal === "SIGINT" ? 130 : "SIGKILL");
    // After a kill -9 nobody is there to end the server; the next doctor is.
    await removeLeftBehind();
    const before = cyclesDone();
    const again = crash("--resume", "--cycles", String(before + 2));
    expect(await ended(again)).toBe(0);
    const [campaign] = readResults(join(out, "results.json")).campaigns;
    expect(campaign).toMatchObject({ outcome: "pass", cycles: { planned: before + 2, done: before + 2 } });
    expect(campaign?.strips?.map(({ cycle }) => cycle)).toEqual(Array.from({ length: before + 2 }, (_, index) => index + 1));
  },
);

test("a campaign is not resumed with another seed, and not where there is none", { timeout: 3 * withinMs }, async () => {
  expect(await ended(crash("--resume"))).toBe(2);
  expect(await ended(crash("--cycles", "1"))).toBe(0);
  expect(await ended(crash("--resume", "--cycles", "2", "--seed", "6"))).toBe(2);
});
