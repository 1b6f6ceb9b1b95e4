import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { type FakeTarget, makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { groupMembers, processStatus } from "../proc.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { type CallFault, callErrors, callsMax, drawCallFault, parseCallFault, printCallFault } from "./call-fault.ts";
import { armCallFault, startUnderCallFault } from "./system-calls.ts";
import { systemCallsLack } from "./system-calls-probe.ts";

const lack = await systemCallsLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);
const fakes: FakeTarget[] = [];

afterEach(async () => {
  await disposeAll();
  for (const fake of fakes.splice(0)) {
    fake[Symbol.dispose]();
  }
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`streamproof-${process.pid}-`))).toEqual([]);
});

/** Appends and syncs a line every few milliseconds and prints its number, or the error instead. */
const appending = `const file = fs.openSync(data + "/log", "a");
  let count = 0;
  setInterval(() => {
    count++;
    const start = performance.now();
    try { fs.writeSync(file, count + "\\n"); fs.fdatasyncSync(file); console.log("synced " + count + " " + Math.round(performance.now() - start)); }
    catch (error) { console.log(error.code + " " + count); }
  }, 5);`;

async function fakeInstance(before: string): Promise<Instance> {
  const fake = makeFakeTarget({ before });
  fakes.push(fake);
  return (await fake.resolve()).provision();
}

function linesOf(instance: Instance): number {
  return readFileSync(join(instance.dataDirectory ?? "", "log"), "utf8").split("\n").length - 1;
}

test("a printed fault is read back as it was, and other text is none", () => {
  const faults: fc.Arbitrary<CallFault> = fc.record(
    {
      calls: fc.constantFrom("write" as const, "sync" as const, "mkdir" as const),
      at: fc.integer({ min: 1, max: 9999 }),
      does: fc.constantFrom("kill" as const, "delay" as const, ...callErrors),
      repeats: fc.constant(true),
      delayMs: fc.nat(60_000),
      files: fc.constantFrom("**/*.blk", "a b", "repeats files=x"),
    },
    { requiredKeys: ["calls", "at", "does"] },
  );
  fc.assert(
    fc.property(faults, (fault) => {
      expect(parseCallFault(printCallFault(fault))).toEqual(fault);
    }),
  );
  for (const text of ["", "EIO calls=sync at=0", "EIO calls=sink at=1", "ENOENT calls=sync at=1", "EIO calls=toString at=1"]) {
    expect(parseCallFault(text)).toBeUndefined();
  }
});

test("seeds draw every effect, once and for good, within the bound, the same seed the same one", () => {
  const drawn = Array.from({ length: 200 }, (_, seed) => drawCallFault({ seed, atMax: 7 }));
  expect(new Set(drawn.map(({ does }) => does))).toEqual(new Set(["kill", ...callErrors]));
  expect(new Set(drawn.map(({ at }) => at)).size).toBe(7);
  expect(drawn.some(({ repeats }) => repeats === true)).toBe(true);
  expect(drawn.every(({ does, repeats }) => does !== "kill" || repeats === undefined)).toBe(true);
  expect(drawCallFault({ seed: 3, atMax: 7 })).toEqual(drawn[3]);
});

describe.skipIf(lack !== undefined)(`a fault at a system call${because(lack)}`, () => {
  test("kills the server before the call it names, with the call as evidence", async () => {
    const instance = await fakeInstance(appending.replace("}, 5)", "}, 50)"));
    const armed = await armCallFault(instance, { calls: "sync", at: 4, does: "kill" });
    const evidence = await armed.happenedWithin(10_000);
    expect(evidence).toMatchObject({ happened: true, details: { call: "fdatasync", calls: 4, threads: 1, hitsInData: 1 } });
    expect(evidence.summary).toContain("{data}/log");
    expect(instance.pid).toBeUndefined();
    await armed.release();
    await instance.start();
  });

  test("counts exactly from the first call on when the server is started under it", async () => {
    const instance = await fakeInstance(`if (fs.existsSync(data + "/log")) { ${appending} } else fs.writeFileSync(data + "/log", "");`);
    await instance.kill();
    const { armed } = await startUnderCallFault(instance, { calls: "sync", at: 6, does: "kill" });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true, details: { calls: 6 } });
    expect(linesOf(instance)).toBe(6);
    expect(instance.logTail().filter((line) => line.startsWith("synced"))).toHaveLength(5);
  });

  test("fails one call, or all from there on until it is released", async () => {
    const instance = await fakeInstance(appending);
    const errors = (code: string) => instance.logTail(10_000).filter((line) => line.startsWith(code)).length;
    const once = await armCallFault(instance, { calls: "sync", at: 3, does: "EIO" });
    expect(await once.happenedWithin(10_000)).toMatchObject({ happened: true, details: { hits: 1 } });
    await once.release();
    expect(errors("EIO")).toBe(1);

    const forGood = await armCallFault(instance, { calls: "write", at: 1, does: "ENOSPC", repeats: true, files: "log" });
    expect(await holdsWithin(() => errors("ENOSPC") > 5, { withinMs: 10_000 })).toBe(true);
    const evidence = await forGood.release();
    expect(Number(evidence.details["hitsInData"])).toBeGreaterThan(5);
    // Released, it writes again; what was under way may still have failed.
    const before = linesOf(instance);
    expect(await holdsWithin(() => linesOf(instance) > before + 3, { withinMs: 10_000 })).toBe(true);
    expect((await forGood.release()).happened).toBe(true);
  });

  test("delays calls, and says which", async () => {
    const instance = await fakeInstance(appending);
    const armed = await armCallFault(instance, { calls: "sync", at: 2, does: "delay", delayMs: 300 });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
    const waits = () => instance.logTail(10_000).map((line) => Number(/^synced \d+ (\d+)$/.exec(line)?.[1] ?? 0));
    expect(await holdsWithin(() => waits().some((wait) => wait >= 300), { withinMs: 10_000 })).toBe(true);
    expect(await armed.release()).toMatchObject({ happened: true, details: { hits: 1 } });
  });

  test("a sync that stalls for a minute goes on when the fault is released", async () => {
    const instance = await fakeInstance(appending);
    const synced = () => instance.logTail(10_000).filter((line) => line.startsWith("synced")).length;
    const armed = await armCallFault(instance, { calls: "sync", at: 1, does: "delay", delayMs: 60_000, repeats: true });
    expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
    const before = synced();
    const released = await armed.release();
    expect(await holdsWithin(() => synced() > before + 3, { withinMs: 10_000 })).toBe(true);
    expect(released).toMatchObject({ happened: true, details: { hits: 1 } });
  });

  test("leaves the server its process group, its readiness and its faults", async () => {
    const instance = await fakeInstance('fs.writeFileSync(data + "/log", "");');
    await instance.kill();
    const { armed, readyAfterMs } = await startUnderCallFault(instance, { calls: "sync", at: 1, does: "EIO" });
    const pid = instance.pid ?? 0;
    expect(readyAfterMs).toBeGreaterThan(0);
    expect(groupMembers(pid).map((member) => member.pid)).toEqual([pid]);
    await expect(armed.release()).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
    expect(await instance.pause()).toMatchObject({ happened: true });
    expect(await instance.resume()).toMatchObject({ happened: true });
    expect(await instance.kill()).toMatchObject({ happened: true, details: { signal: "SIGKILL" } });
    expect(await armed.release()).toMatchObject({ happened: false });
    expect(processStatus(pid)).toBeUndefined();
  });

  test("claims no kill that came from elsewhere", async () => {
    const instance = await fakeInstance(appending);
    const armed = await armCallFault(instance, { calls: "sync", at: callsMax, does: "kill" });
    expect(await holdsWithin(() => Number(armed.evidence().details["calls"]) > 3, { withinMs: 10_000 })).toBe(true);
    await instance.kill();
    expect(await armed.release()).toMatchObject({ happened: false, details: { hits: 0 } });
  });

  test("is refused on a server that another one holds", async () => {
    const instance = await fakeInstance(appending);
    const first = await armCallFault(instance, { calls: "sync", at: callsMax, does: "EIO" });
    await expect(armCallFault(instance, { calls: "sync", at: 1, does: "EIO" })).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
    await first.release();
    await expect(armCallFault(instance, { calls: "sync", at: callsMax + 1, does: "EIO" })).rejects.toMatchObject({
      code: "TARGET_FAULT_FAILED",
      message: expect.stringContaining("from 1 to"),
    });
  });

  test("that no call reached did not happen", async () => {
    const instance = await fakeInstance("");
    const armed = await armCallFault(instance, { calls: "sync", at: 1, does: "EIO" });
    expect(await armed.happenedWithin(50)).toMatchObject({ happened: false });
    expect(await armed.release()).toMatchObject({ happened: false, details: { hits: 0 } });
  });

  test("of reads or writes is refused where the data folder has no file it could be bound to", async () => {
    const instance = await fakeInstance("");
    await expect(armCallFault(instance, { calls: "write", at: 1, does: "EIO" })).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
  });

  test("that was never released ends with everything else", async () => {
    const instance = await fakeInstance(appending);
    await armCallFault(instance, { calls: "sync", at: 1000, does: "EIO" });
    const tracer = /TracerPid:\s+(\d+)/.exec(readFileSync(`/proc/${instance.pid}/status`, "utf8"))?.[1];
    await disposeAll();
    expect(processStatus(Number(tracer))).toBeUndefined();
  });
});

async function streamOn(instance: Instance) {
  const connection = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) });
  return connection;
}

/** Sequences acknowledged, in order, until one publish is not. */
async function publishUntilRefused(instance: Instance, countMax: number): Promise<{ acknowledged: number; refusal: string | undefined }> {
  const connection = await streamOn(instance);
  try {
    for (let acknowledged = 0; acknowledged < countMax; acknowledged++) {
      const answer = await connection
        .request({ subject: "s.a", payload: Buffer.alloc(100, "x") }, { timeoutMs: 2000 })
        .then((reply) => reply.text())
        .catch((error: unknown) => String(error));
      if (!answer.includes('"seq":')) {
        return { acknowledged, refusal: answer };
      }
    }
    return { acknowledged: countMax, refusal: undefined };
  } finally {
    await connection.close();
  }
}

async function lastSequence(instance: Instance): Promise<number> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" });
  await connection.close();
  return Number(/"last_seq":(\d+)/.exec(answer.text())?.[1] ?? -1);
}

async function killAtSync(instance: Instance): Promise<void> {
  await (await streamOn(instance)).close();
  const armed = await armCallFault(instance, { calls: "sync", at: 10, does: "kill" });
  const { acknowledged, refusal } = await publishUntilRefused(instance, 2000);
  expect(refusal).toBeDefined();
  expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true });
  await armed.release();
  await instance.start();
  // One more may have been written than was acknowledged, never less.
  expect(await lastSequence(instance)).toBeGreaterThanOrEqual(acknowledged);
}

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  test("killed at a sync keeps what it acknowledged, with sync_interval always", async () => {
    const target = await resolveTarget("nats-server", { bin: executable ?? "", set: { sync_interval: "always" } });
    await killAtSync(await target.provision());
  });

  test("acknowledges nothing whose write failed for want of space", async () => {
    const instance = await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision();
    await publishUntilRefused(instance, 5);
    const armed = await armCallFault(instance, { calls: "write", at: 2, does: "ENOSPC", repeats: true, files: "**/*.blk" });
    const { refusal } = await publishUntilRefused(instance, 200);
    expect(refusal).toBeDefined();
    expect(await armed.release()).toMatchObject({ happened: true });
  });
});

describe.skipIf(lack !== undefined)(`the reference${because(lack)}`, () => {
  test("killed at a sync keeps what it acknowledged", async () => {
    await killAtSync(await (await resolveTarget("embedded")).provision());
  });
});
