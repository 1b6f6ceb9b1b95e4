import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { powerCutLack } from "./capabilities.ts";
import { type FakeTarget, makeFakeTarget } from "./fake-target.ts";
import { memoryLimitLack } from "./faults/memory-limit.ts";
import { systemCallsLack } from "./faults/system-calls-probe.ts";
import { findLeftovers, removeLeftovers } from "./leftovers.ts";
import { probeMachine } from "./machine.ts";
import { memoryParent } from "./memory-group.ts";
import { groupMembers } from "./proc.ts";
import { fuseLack } from "./volumes/fuse/probe.ts";
import { mounts } from "./volumes/mount.ts";
import { holdsWithin } from "./waiting.ts";

const lack = await powerCutLack();
const powerCut = lack === undefined;
const callsLack = await systemCallsLack();
const memoryLack = await memoryLimitLack();
const fuseReason = await fuseLack();
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

const said = z.object({ pid: z.number(), data: z.string() });

interface Tool {
  readonly child: ChildProcess;
  readonly serverPid: number;
  readonly folder: string;
  readonly ended: Promise<unknown>;
}

/** Another process of the tool, with one server running on an image where this machine can mount one. */
async function startTool(fake: FakeTarget, then: string, volume: "image" | "fuse" = "image"): Promise<Tool> {
  const script = join(fake.folder, "tool.ts");
  writeFileSync(
    script,
    `import { resolveTarget } from ${JSON.stringify(join(import.meta.dirname, "resolve.ts"))};
    import { disposeAll } from ${JSON.stringify(join(import.meta.dirname, "live.ts"))};
    const target = await resolveTarget("fake", { targetFile: ${JSON.stringify(fake.file)} });
    const instance = await target.provision(${volume === "fuse" ? '{ volume: "fuse" }' : `{ powerCut: ${powerCut} }`});
    process.on("SIGTERM", () => void disposeAll().then(() => process.exit(0)));
    console.log(JSON.stringify({ pid: instance.pid, data: instance.dataDirectory }));
    ${then}`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await holdsWithin(() => text.includes("\n"), { withinMs: 15_000 });
  const { pid, data } = said.parse(JSON.parse(text));
  return { child, serverPid: pid, folder: data.replace(/\/volume.*/, ""), ended };
}

function traces(tool: Tool) {
  return {
    server: groupMembers(tool.serverPid).length > 0,
    mount: mounts().some(({ mountPoint }) => mountPoint.startsWith(tool.folder)),
    folder: existsSync(tool.folder),
  };
}

const nothing = { server: false, mount: false, folder: false };

test("what a killed tool left behind is found and removed: server, mount and folder", async () => {
  using fake = makeFakeTarget();
  const tool = await startTool(fake, "setInterval(() => {}, 1000);");
  expect(findLeftovers().map(({ folder }) => folder)).not.toContain(tool.folder);

  tool.child.kill("SIGKILL");
  await tool.ended;
  expect(traces(tool)).toEqual({ server: true, mount: powerCut, folder: true });
  const leftover = findLeftovers().find(({ folder }) => folder === tool.folder);
  expect(leftover).toMatchObject({ ownerPid: tool.child.pid, serverPid: tool.serverPid });
  await removeLeftovers(leftover === undefined ? [] : [leftover]);
  expect(traces(tool)).toEqual(nothing);
});

test("a tool that exits without tidying up leaves nothing behind", async () => {
  using fake = makeFakeTarget();
  const tool = await startTool(fake, "setTimeout(() => process.exit(1), 100);");
  await tool.ended;
  expect(await holdsWithin(() => groupMembers(tool.serverPid).length === 0, { withinMs: 10_000 })).toBe(true);
  expect(traces(tool)).toEqual(nothing);
});

test("a tool that an uncaught error ends leaves nothing behind", async () => {
  using fake = makeFakeTarget();
  const tool = await startTool(fake, 'setTimeout(() => { throw new Error("x"); }, 100);');
  await tool.ended;
  expect(await holdsWithin(() => groupMembers(tool.serverPid).length === 0, { withinMs: 10_000 })).toBe(true);
  expect(traces(tool)).toEqual(nothing);
});

test("a tool that is asked to end and disposes of all leaves nothing behind", async () => {
  using fake = makeFakeTarget();
  const tool = await startTool(fake, "setInterval(() => {}, 1000);");
  tool.child.kill("SIGTERM");
  await tool.ended;
  expect(traces(tool)).toEqual(nothing);
});

test.skipIf(callsLack !== undefined || memoryLack !== undefined)(
  `faults that hold when the tool ends or is killed leave no tracer, group or folder${because(callsLack ?? memoryLack)}`,
  async () => {
    const here = (file: string) => JSON.stringify(join(import.meta.dirname, file));
    const arm = `const { armCallFault } = await import(${here("faults/system-calls.ts")});
      const { startWithinMemory } = await import(${here("faults/memory-limit.ts")});
      const { writeFileSync } = await import("node:fs");
      await instance.kill();
      await startWithinMemory(instance, { bytes: 600_000_000 });
      await armCallFault(instance, { calls: "sync", at: 1, does: "EIO" });
`;
    for (const end of ["process.exit(1);", 'process.kill(process.pid, "SIGTERM");', 'process.kill(process.pid, "SIGKILL");']) {
      using fake = makeFakeTarget();
      const pidFile = join(fake.folder, "pid");
      const note = `writeFileSync(${JSON.stringify(pidFile)}, String(instance.pid));`;
      const tool = await startTool(fake, `${arm} ${note} ${end} setInterval(() => {}, 1000);`);
      await tool.ended;
      await removeLeftovers(findLeftovers().filter(({ ownerPid }) => ownerPid === tool.child.pid));
      const serverPid = Number(readFileSync(pidFile, "utf8"));
      expect(await holdsWithin(() => groupMembers(serverPid).length === 0, { withinMs: 10_000 })).toBe(true);
      expect(await holdsWithin(() => tracersOf(tool.child.pid ?? 0).length === 0, { withinMs: 10_000 })).toBe(true);
      expect(memoryGroupsOf(tool.child.pid ?? 0)).toEqual([]);
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`streamproof-${tool.child.pid}-`))).toEqual([]);
    }
  },
);

test.skipIf(fuseReason !== undefined)(
  `a disk of the tool's own ends with the tool, however that ends, also while the server waits for it${because(fuseReason)}`,
  { timeout: 60_000 },
  async () => {
    const arm = `setTimeout(async () => {
      await instance.disk.ask("arm", { calls: "write", at: 1, does: "hold", repeats: true });
      END
    }, 100); setInterval(() => {}, 1000);`;
    const ends = ["process.exit(1);", 'process.kill(process.pid, "SIGTERM");', 'process.kill(process.pid, "SIGKILL");'];
    for (const end of ends) {
      using fake = makeFakeTarget({ before: 'setInterval(() => fs.writeFile(data + "/f", "x", () => {}), 5);' });
      const tool = await startTool(fake, arm.replace("END", end), "fuse");
      await tool.ended;
      // The disk sees that the tool is gone; the server may live on until it is swept.
      expect(await holdsWithin(() => !traces(tool).mount, { withinMs: 10_000 })).toBe(true);
      await removeLeftovers(findLeftovers().filter(({ ownerPid }) => ownerPid === tool.child.pid));
      expect(await holdsWithin(() => groupMembers(tool.serverPid).length === 0, { withinMs: 10_000 })).toBe(true);
      expect(traces(tool)).toEqual(nothing);
      expect(await holdsWithin(() => disksOf(tool.child.pid ?? 0).length === 0, { withinMs: 10_000 })).toBe(true);
    }
  },
);

/** Processes of disks that were started by that tool: they have no other parent while it lives, and are gone with their mounts. */
function disksOf(toolPid: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      return words.includes("fuse/daemon.ts") && readFileSync(`/proc/${pid}/environ`, "latin1").includes(`STREAMPROOF_TOOL=${toolPid}\0`);
    } catch {
      return false;
    }
  });
}

/** Programs that write their log into a folder of that tool. */
function tracersOf(toolPid: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
      return words[0] === "strace" && words.some((word) => word.includes(`streamproof-${toolPid}-`));
    } catch {
      return false;
    }
  });
}

function memoryGroupsOf(toolPid: number): string[] {
  const parent = memoryParent();
  return typeof parent === "string" ? [] : readdirSync(parent.directory).filter((name) => name.startsWith(`streamproof-${toolPid}-`));
}

test("the machine's facts say what to type for each thing that is missing, and nothing for what is there", async () => {
  const facts = await probeMachine();
  expect(facts.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      "node",
      "target:nats-server",
      "root",
      "loop-device",
      "power-cut",
      "system-calls",
      "memory-limit",
      "file-limit",
      "fuse",
      "clock",
      "leftovers",
    ]),
  );
  for (const fact of facts) {
    expect(fact.found).not.toBe("");
    expect(fact.advice === undefined).toBe(fact.ok);
  }
  expect(facts.find(({ id }) => id === "power-cut")?.ok).toBe(powerCut);
});
