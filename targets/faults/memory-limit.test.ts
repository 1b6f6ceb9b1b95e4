import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { findLeftovers, removeLeftovers } from "../leftovers.ts";
import { disposeAll } from "../live.ts";
import { memoryParent } from "../memory-group.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { groupMembers } from "../proc.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { memoryLimitLack, startWithinMemory } from "./memory-limit.ts";

const lack = await memoryLimitLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);
const mebibyte = 1024 * 1024;

/** Groups that a process of the tool made and that are still there. */
function groupsOf(pid: number | undefined): string[] {
  const parent = memoryParent();
  const names = typeof parent === "string" ? [] : readdirSync(parent.directory);
  return names.filter((name) => name.startsWith(`streamproof-${pid}-`));
}

afterEach(async () => {
  await disposeAll();
  expect(groupsOf(process.pid)).toEqual([]);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`streamproof-${process.pid}-`))).toEqual([]);
});

/** Takes memory for good when the file says so. */
const greedy = `const kept = [];
  setInterval(() => { if (fs.existsSync(data + "/eat")) kept.push(Buffer.alloc(4 * 1024 * 1024, 1)); }, 5);`;

describe.skipIf(lack !== undefined)(`a memory limit${because(lack)}`, () => {
  test("ends a server that takes more, with the kernel's own count as evidence", async () => {
    using fake = makeFakeTarget({ before: greedy });
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    const { armed, readyAfterMs } = await startWithinMemory(instance, { bytes: 300 * mebibyte });
    expect(readyAfterMs).toBeGreaterThan(0);
    expect(groupMembers(instance.pid ?? 0).map(({ pid }) => pid)).toEqual([instance.pid]);
    expect(armed.evidence()).toMatchObject({ happened: false, details: { oomKills: 0, processes: 1 } });
    writeFileSync(join(instance.dataDirectory ?? "", "eat"), "");
    const evidence = await armed.happenedWithin(20_000);
    expect(evidence).toMatchObject({ happened: true, details: { oomKills: 1 } });
    expect(Number(evidence.details["peakBytes"])).toBeGreaterThan(280 * mebibyte);
    expect(instance.pid).toBeUndefined();
    await armed.release();
    await instance.start();
  });

  test("can be squeezed to what the server uses now", async () => {
    using fake = makeFakeTarget({ before: greedy });
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    const { armed } = await startWithinMemory(instance, { bytes: 4096 * mebibyte });
    armed.squeeze();
    writeFileSync(join(instance.dataDirectory ?? "", "eat"), "");
    expect(await armed.happenedWithin(20_000)).toMatchObject({ happened: true });
    expect(await armed.release()).toMatchObject({ happened: true });
  });

  test("too small to start in is an outcome, not an error", async () => {
    using fake = makeFakeTarget();
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    const { armed, readyAfterMs } = await startWithinMemory(instance, { bytes: 8 * mebibyte });
    expect(readyAfterMs).toBeUndefined();
    expect(await armed.release()).toMatchObject({ happened: true });
  });

  test("is lifted by the release, and the server goes on", async () => {
    using fake = makeFakeTarget({ before: greedy });
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    const { armed } = await startWithinMemory(instance, { bytes: 300 * mebibyte });
    const { pid } = instance;
    expect(await armed.release()).toMatchObject({ happened: false });
    expect(groupsOf(process.pid)).toEqual([]);
    expect(instance.pid).toBe(pid);
    expect(await instance.stop()).toMatchObject({ happened: true });
  });

  test("of a tool that was killed is found and removed with its server", async () => {
    using fake = makeFakeTarget();
    const script = join(fake.folder, "tool.ts");
    const here = (file: string) => JSON.stringify(join(import.meta.dirname, file));
    writeFileSync(
      script,
      `import { resolveTarget } from ${here("../resolve.ts")};
      import { startWithinMemory } from ${here("memory-limit.ts")};
      const target = await resolveTarget("fake", { targetFile: ${JSON.stringify(fake.file)} });
      const instance = await target.provision();
      await instance.kill();
      await startWithinMemory(instance, { bytes: ${300 * mebibyte} });
      console.log("ready");
      setInterval(() => {}, 1000);`,
    );
    const tool = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "ignore"] });
    const ended = new Promise((resolve) => tool.once("exit", resolve));
    await new Promise((resolve) => tool.stdout.once("data", resolve));
    expect(groupsOf(tool.pid)).toHaveLength(1);
    tool.kill("SIGKILL");
    await ended;
    const leftovers = findLeftovers().filter(({ ownerPid }) => ownerPid === tool.pid);
    await removeLeftovers(leftovers);
    expect(groupsOf(tool.pid)).toEqual([]);
    expect(leftovers.some(({ folder }) => existsSync(folder))).toBe(false);
  });
});

async function surviveOutOfMemory(instance: Instance): Promise<void> {
  const first = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "memory" });
  await first.request({ subject: "$JS.API.STREAM.CREATE.F", payload: Buffer.from('{"name":"F","subjects":["f.>"],"storage":"file"}') });
  const answers = await Promise.all(Array.from({ length: 100 }, () => first.request({ subject: "f.a", payload: Buffer.alloc(100, "x") })));
  await first.close();
  expect(answers.every((answer) => answer.text().includes('"seq":'))).toBe(true);
  await instance.stop();
  const { armed } = await startWithinMemory(instance, { bytes: 1024 * mebibyte });
  const connection = await connect({ url: instance.url });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) });
  armed.squeeze();
  // A stream in memory takes what is left.
  const body = Buffer.alloc(900_000, "x");
  for (let count = 0; count < 400 && !armed.evidence().happened; count++) {
    await connection.request({ subject: "s.a", payload: body }, { timeoutMs: 5000 }).catch(() => undefined);
  }
  await connection.close();
  expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
  await armed.release();
  await instance.start();
  const again = await connect({ url: instance.url });
  const info = await again.request({ subject: "$JS.API.STREAM.INFO.F" });
  await again.close();
  expect(info.text()).toContain('"messages":100');
}

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  test("keeps its file streams when the kernel ends it for want of memory", { timeout: 60_000 }, async () => {
    await surviveOutOfMemory(await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision());
  });
});

describe.skipIf(lack !== undefined)(`the reference${because(lack)}`, () => {
  test("keeps its file streams when the kernel ends it for want of memory", { timeout: 60_000 }, async () => {
    await surviveOutOfMemory(await (await resolveTarget("embedded")).provision());
  });
});

test("the group's parent is one that exists, or the reason says why there is none", () => {
  const parent = memoryParent();
  expect(typeof parent === "string" ? parent : readFileSync(join(parent.directory, "cgroup.procs"), "utf8")).not.toBe("");
});
