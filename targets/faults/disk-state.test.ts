import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { powerCutLack } from "../capabilities.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { mounts } from "../volumes/mount.ts";
import { holdsWithin } from "../waiting.ts";
import { fillDisk, makeDiskReadOnly } from "./disk-state.ts";

const lack = await powerCutLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

afterEach(disposeAll);

const appending = `const file = fs.openSync(data + "/log", "a");
  setInterval(() => {
    try { fs.writeSync(file, Buffer.alloc(4096, "x")); fs.fsyncSync(file); console.log("synced"); } catch (error) { console.log(error.code); }
  }, 5);`;

const says = (instance: Instance, word: string) => holdsWithin(() => instance.logTail(1)[0] === word, { withinMs: 10_000 });

describe.skipIf(lack !== undefined)(`a disk that fails${because(lack)}`, () => {
  test("is full to the last block, and has room again when released", async () => {
    using fake = makeFakeTarget({ before: appending });
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    const armed = await fillDisk(instance);
    expect(armed.evidence()).toMatchObject({ happened: true, details: { freeAfter: 0, probe: "ENOSPC" } });
    expect(await says(instance, "ENOSPC")).toBe(true);
    const released = await armed.release();
    expect(released).toMatchObject({ happened: true });
    expect(Number(released.details["freeNow"])).toBeGreaterThan(100_000_000);
    expect(await says(instance, "synced")).toBe(true);
    expect(await armed.release()).toEqual(released);
  });

  test("is read-only under open files, and writable again when the server is down", async () => {
    using fake = makeFakeTarget({ before: appending });
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    const data = instance.dataDirectory ?? "";
    writeFileSync(join(data, "kept"), "kept", { flush: true });
    const armed = await makeDiskReadOnly(instance);
    expect(armed.evidence()).toMatchObject({ happened: true, details: { how: "abort", probe: "EROFS" } });
    expect(await says(instance, "EROFS")).toBe(true);
    await expect(armed.release()).rejects.toMatchObject({
      code: "TARGET_FAULT_FAILED",
      message: expect.stringContaining("stop or kill it"),
    });
    await instance.kill();
    expect(await armed.release()).toMatchObject({ happened: true, details: { probeAfter: "none" } });
    expect(readFileSync(join(data, "kept"), "utf8")).toBe("kept");
    await instance.start();
    expect(await says(instance, "synced")).toBe(true);
  });

  test("is remounted read-only and back where nothing is open for writing", async () => {
    using fake = makeFakeTarget({
      before:
        'setInterval(() => { try { fs.writeFileSync(data + "/x", ""); console.log("wrote"); } catch (error) { console.log(error.code); } }, 50);',
    });
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    await instance.kill();
    const armed = await makeDiskReadOnly(instance);
    expect(armed.evidence()).toMatchObject({ happened: true, details: { how: "remount" } });
    await instance.start();
    expect(await says(instance, "EROFS")).toBe(true);
    expect(await armed.release()).toMatchObject({ details: { probeAfter: "none" } });
    expect(await says(instance, "wrote")).toBe(true);
  });

  test("goes with everything else when it was never released", async () => {
    using fake = makeFakeTarget({ before: appending });
    const target = await fake.resolve();
    const [full, readOnly] = await Promise.all([target.provision({ powerCut: true }), target.provision({ powerCut: true })]);
    await Promise.all([fillDisk(full), makeDiskReadOnly(readOnly)]);
    await disposeAll();
    expect(mounts().filter(({ mountPoint }) => mountPoint.includes(`streamproof-${process.pid}-`))).toEqual([]);
  });
});

test("a plain folder's disk is everybody's and is left alone", async () => {
  using fake = makeFakeTarget();
  const instance = await (await fake.resolve()).provision();
  expect(instance.capabilities.missing.get("disk-full")).toBeDefined();
  await expect(fillDisk(instance)).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
  await expect(makeDiskReadOnly(instance)).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
  mkdirSync(join(instance.dataDirectory ?? "", "still-writable"));
});

/** Replies of publishes with a large body, until one is refused or none was. */
async function publishUntilRefused(instance: Instance, countMax: number): Promise<{ acknowledged: number; refusal: string | undefined }> {
  const connection = await connect({ url: instance.url }).catch(String);
  // A server whose disk fails at this very moment may drop whoever waits for it: refused is refused.
  if (typeof connection === "string") {
    return { acknowledged: 0, refusal: connection };
  }
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  const created = await connection
    .request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) }, { timeoutMs: 2000 })
    .then((reply) => reply.text())
    .catch(String);
  try {
    for (let acknowledged = 0; acknowledged < countMax; acknowledged++) {
      const answer = await connection
        .request({ subject: "s.a", payload: Buffer.alloc(60_000, "x") }, { timeoutMs: 2000 })
        .then((reply) => reply.text())
        .catch(String);
      // A refusal keeps the fields of an acknowledgement, with sequence 0.
      if (answer.includes('"error"') || !answer.includes('"seq":')) {
        return { acknowledged, refusal: answer };
      }
    }
    return { acknowledged: countMax, refusal: created.includes("error") ? created : undefined };
  } finally {
    await connection.close();
  }
}

async function storedMessages(instance: Instance): Promise<number> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" });
  await connection.close();
  return Number(/"messages":(\d+)/.exec(answer.text())?.[1] ?? -1);
}

async function fillUnder(instance: Instance): Promise<void> {
  await publishUntilRefused(instance, 3);
  const armed = await fillDisk(instance);
  expect(armed.evidence()).toMatchObject({ happened: true });
  const { acknowledged, refusal } = await publishUntilRefused(instance, 1000);
  expect(refusal).toBeDefined();
  await armed.release();
  await instance.kill();
  await instance.start();
  expect(await storedMessages(instance)).toBeGreaterThanOrEqual(acknowledged + 3);
}

async function readOnlyUnder(instance: Instance): Promise<void> {
  const before = await publishUntilRefused(instance, 20);
  const armed = await makeDiskReadOnly(instance);
  expect(armed.evidence()).toMatchObject({ happened: true });
  const { acknowledged, refusal } = await publishUntilRefused(instance, 100);
  expect(refusal).toBeDefined();
  await instance.kill();
  await armed.release();
  await instance.start();
  // What was synced before is on the disk, whatever the abort took.
  expect(await storedMessages(instance)).toBeGreaterThanOrEqual(before.acknowledged + acknowledged);
}

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  test("does not acknowledge what a full disk did not take", { timeout: 60_000 }, async () => {
    const target = await resolveTarget("nats-server", { bin: executable ?? "", set: { sync_interval: "always" } });
    await fillUnder(await target.provision({ powerCut: true }));
  });

  test("keeps what it acknowledged when its disk turns read-only, with sync_interval always", { timeout: 60_000 }, async () => {
    const target = await resolveTarget("nats-server", { bin: executable ?? "", set: { sync_interval: "always" } });
    await readOnlyUnder(await target.provision({ powerCut: true }));
  });
});

describe.skipIf(lack !== undefined)(`the reference${because(lack)}`, () => {
  test("does not acknowledge what a full disk did not take", { timeout: 60_000 }, async () => {
    await fillUnder(await (await resolveTarget("embedded")).provision({ powerCut: true }));
  });

  test("keeps what it acknowledged when its disk turns read-only", { timeout: 60_000 }, async () => {
    await readOnlyUnder(await (await resolveTarget("embedded")).provision({ powerCut: true }));
  });
});
