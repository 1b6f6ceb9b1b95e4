import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pc from "picocolors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { readResults } from "../api/index.ts";
import { run } from "./main.ts";

const root = new URL("../", import.meta.url).pathname;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "streamproof-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const colors = pc.createColors(false);
  const code = await run(argv, { out: (text) => (out += text), err: (text) => (err += text), live: false, columns: 100, colors });
  return { code, out, err };
}

test("help names every command and exits 0", async () => {
  const { code, out } = await typed("--help");
  expect(code).toBe(0);
  for (const command of ["certify", "crash", "load", "serve", "report", "list", "explain", "doctor"]) {
    expect(out).toContain(command);
  }
});

test("an unknown option is wrong usage and points to the help", async () => {
  const { code, err } = await typed("certify", "--targte", "embedded");
  expect(code).toBe(2);
  expect(err).toContain("--target");
});

test("a setting without a value says what one looks like", async () => {
  const { code, err } = await typed("certify", "--set", "sync_interval");
  expect(code).toBe(2);
  expect(err).toContain("KEY=VALUE");
});

test("an unknown target is wrong usage and names what there is", async () => {
  const { code, err } = await typed("certify", "--target", "nats-sever");
  expect(code).toBe(2);
  expect(err).toContain('did you mean "nats-server"');
});

test("a pattern that matches no case is wrong usage", async () => {
  const { code, err } = await typed("certify", "no.such.suite/**", "--out", folder);
  expect(code).toBe(2);
  expect(err).toContain('no case matches "no.such.suite/**"');
});

test("an address where nobody listens is the environment's fault", async () => {
  const { code, err } = await typed("certify", "--target", "nats://127.0.0.1:1", "--out", folder);
  expect(code).toBe(3);
  expect(err).toContain("127.0.0.1:1");
});

test("an unknown campaign names those there are", async () => {
  const { code, err } = await typed("crash", "earthquake");
  expect(code).toBe(2);
  expect(err).toContain("power-cut");
});

test("an unknown load profile names those there are", async () => {
  const { code, err } = await typed("load", "pub-asinc", "--out", folder);
  expect(code).toBe(2);
  expect(err).toContain("pub-async");
});

test("list gives the cases as JSON, and explain tells one of them", async () => {
  const { code, out } = await typed("list", "dedup.**", "--json");
  expect(code).toBe(0);
  const [first] = z.array(z.looseObject({ name: z.string() })).parse(JSON.parse(out));
  const { code: explained, out: text } = await typed("explain", first?.name ?? "");
  expect(explained).toBe(0);
  expect(text).toContain("steps");
});

test("everything behind serve goes to the server, its -v and --help too", () => {
  const serve = (flag: string) =>
    execFileSync(process.execPath, ["bin/streamproof.js", "serve", flag], {
      cwd: root,
      env: { ...process.env, VITEST: undefined },
      encoding: "utf8",
    });
  expect(serve("-v")).toMatch(/^nats-server: v2\.15\.\d+\n$/);
  expect(serve("--help")).toContain("--store_dir");
});

test("report refuses a file that is no results file, naming the place", async () => {
  const path = join(folder, "broken.json");
  writeFileSync(path, '{"schemaVersion": 1}');
  const { code, err } = await typed("report", path);
  expect(code).toBe(2);
  expect(err).toContain("tool");
});

test("certify writes every report file, and report makes them again from the results alone", async () => {
  const out = join(folder, "certify");
  const { code } = await typed("certify", "dedup.window/storage:memory/**", "--out", out, "--quiet");
  expect(code).toBe(0);
  const before = readFileSync(join(out, "report.html"), "utf8");
  rmSync(join(out, "report.html"));
  expect((await typed("report", join(out, "results.json"))).code).toBe(0);
  expect(readFileSync(join(out, "report.html"), "utf8")).toBe(before);
});

test("--json prints one JSON object a line, the result last", async () => {
  const { out } = await typed("certify", "dedup.window/storage:memory/**", "--out", join(folder, "json"), "--json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)));
  expect(events[0]?.type).toBe("plan");
  expect(events.at(-1)?.type).toBe("result");
});

test("Ctrl-C in a campaign writes partial results, exits 130 and leaves no server behind", { timeout: 120_000 }, async () => {
  const out = join(folder, "interrupted");
  const child = spawn(process.execPath, ["bin/streamproof.js", "crash", "kill9", "--cycles", "1000", "--json", "--out", out], {
    cwd: root,
    env: { ...process.env, VITEST: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await firstCycle(child);
  const servers = childrenOf(child.pid ?? 0);
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect(code).toBe(130);
  const results = readResults(join(out, "results.json"));
  expect(results.interrupted).toBe(true);
  expect(results.campaigns).toHaveLength(1);
  expect(servers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

function firstCycle(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("it ended before its first cycle")));
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes('"type":"cycle"')) {
        child.removeAllListeners("exit");
        resolve();
      }
    });
  });
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}
