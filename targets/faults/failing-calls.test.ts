/** What real servers do when their calls fail or stall: nothing unacknowledged is demanded, and nothing acknowledged may be lost. */
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import type { CallFault } from "./call-fault.ts";
import { armCallFault } from "./system-calls.ts";
import { systemCallsLack } from "./system-calls-probe.ts";

const lack = await systemCallsLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

afterEach(disposeAll);

async function createStream(instance: Instance): Promise<void> {
  const connection = await connect({ url: instance.url });
  await connection.request({
    subject: "$JS.API.STREAM.CREATE.S",
    payload: Buffer.from('{"name":"S","subjects":["s.>"],"storage":"file"}'),
  });
  await connection.close();
}

interface Published {
  readonly acknowledged: number;
  readonly slowestMs: number;
}

/** One after another; what is refused or not answered is not acknowledged. */
async function publish(instance: Instance, { count, timeoutMs }: { count: number; timeoutMs: number }): Promise<Published> {
  const connection = await connect({ url: instance.url });
  let acknowledged = 0;
  let slowestMs = 0;
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const reply = await connection.request({ subject: "s.a", payload: Buffer.alloc(100, "x") }, { timeoutMs }).catch(() => undefined);
    if (reply?.text().includes('"seq":') === true && !reply.text().includes('"error"')) {
      acknowledged++;
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
  }
  await connection.close().catch(() => undefined);
  return { acknowledged, slowestMs };
}

async function storedMessages(instance: Instance): Promise<number> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" });
  await connection.close();
  return Number(/"messages":(\d+)/.exec(answer.text())?.[1] ?? -1);
}

/** Publishes before, under and after the fault, restarts, and counts. */
async function keepsWhatItAcknowledged(instance: Instance, fault: CallFault): Promise<void> {
  await createStream(instance);
  const before = await publish(instance, { count: 5, timeoutMs: 5000 });
  const armed = await armCallFault(instance, fault);
  const during = await publish(instance, { count: 5, timeoutMs: 500 });
  expect(await armed.release()).toMatchObject({ happened: true });
  await instance.kill();
  await instance.start();
  expect(before.acknowledged).toBe(5);
  expect(await storedMessages(instance)).toBeGreaterThanOrEqual(before.acknowledged + during.acknowledged);
}

async function waitsForAStalledSync(instance: Instance): Promise<void> {
  await createStream(instance);
  const armed = await armCallFault(instance, { calls: "sync", at: 1, does: "delay", delayMs: 1500, repeats: true });
  const { acknowledged, slowestMs } = await publish(instance, { count: 1, timeoutMs: 15_000 });
  expect(acknowledged).toBe(1);
  expect(slowestMs).toBeGreaterThanOrEqual(1400);
  expect(await armed.release()).toMatchObject({ happened: true });
  const after = await publish(instance, { count: 5, timeoutMs: 5000 });
  expect(after.acknowledged).toBe(5);
}

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  const always = async () => (await resolveTarget("nats-server", { bin: executable ?? "", set: { sync_interval: "always" } })).provision();

  test("acknowledges nothing before a sync that stalls, with sync_interval always", { timeout: 60_000 }, async () => {
    await waitsForAStalledSync(await always());
  });

  test("keeps what it acknowledged when its syncs fail, with sync_interval always", { timeout: 60_000 }, async () => {
    await keepsWhatItAcknowledged(await always(), { calls: "sync", at: 1, does: "EIO", repeats: true });
  });
});

describe.skipIf(lack !== undefined)(`the reference${because(lack)}`, () => {
  const reference = async () => (await resolveTarget("embedded")).provision();

  test("acknowledges nothing before a sync that stalls", { timeout: 60_000 }, async () => {
    await waitsForAStalledSync(await reference());
  });

  test.for(["EIO", "ENOSPC", "EDQUOT", "EROFS"] as const)(
    "keeps what it acknowledged when a sync fails with %s",
    { timeout: 60_000 },
    async (does) => {
      await keepsWhatItAcknowledged(await reference(), { calls: "sync", at: 2, does });
    },
  );

  test("keeps what it acknowledged when all syncs fail", { timeout: 60_000 }, async () => {
    await keepsWhatItAcknowledged(await reference(), { calls: "sync", at: 1, does: "EIO", repeats: true });
  });

  test("keeps what it acknowledged when writes fail", { timeout: 60_000 }, async () => {
    await keepsWhatItAcknowledged(await reference(), { calls: "write", at: 2, does: "EIO", repeats: true });
  });
});
