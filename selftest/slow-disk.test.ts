/** A disk whose syncs stall, under the real reference: nobody is told too early, and nobody waits who need not. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { armCallFault } from "../targets/faults/system-calls.ts";
import { systemCallsLack } from "../targets/faults/system-calls-probe.ts";
import { disposeAll } from "../targets/live.ts";
import { resolveTarget } from "../targets/resolve.ts";
import { type Connection, connect } from "../wire/connection.ts";

const lack = await systemCallsLack();
const because = lack === undefined ? "" : ` (skipped: ${lack})`;
const stallMs = 1500;
/** Far more than a busy machine takes, far less than a stall. */
const promptMs = 700;

afterEach(disposeAll);

const publish = (connection: Connection, payload: Uint8Array) =>
  connection.request({ subject: "s.a", payload }, { timeoutMs: 30_000 }).then((reply) => ({ text: reply.text(), atMs: performance.now() }));

async function tookMs(work: Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await work;
  return performance.now() - begunMs;
}

function residentBytes(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

describe.skipIf(lack !== undefined)(`a stalled sync${because}`, () => {
  test("holds up what waits for it, in order, and nothing else", { timeout: 90_000 }, async () => {
    const instance = await (await resolveTarget("embedded")).provision();
    const writer = await connect({ url: instance.url });
    const other = await connect({ url: instance.url });
    await writer.request({
      subject: "$JS.API.STREAM.CREATE.S",
      payload: Buffer.from('{"name":"S","subjects":["s.>"],"allow_direct":true}'),
    });
    await publish(writer, Buffer.from("durable"));

    const armed = await armCallFault(instance, { calls: "sync", at: 1, does: "delay", delayMs: stallMs, repeats: true });
    // The first one stalls the server itself: that is how it learns that the disk is slow.
    await publish(writer, Buffer.from("slow"));
    const begunMs = performance.now();
    const burst = Array.from({ length: 200 }, (_, at) => publish(writer, Buffer.from(String(at))));
    const isPrompt = [
      await tookMs(other.request({ subject: "$JS.API.STREAM.MSG.GET.S", payload: Buffer.from('{"seq":1}') })),
      await tookMs(other.request({ subject: "$JS.API.DIRECT.GET.S", payload: Buffer.from('{"seq":2}') })),
      await tookMs(other.flush()),
    ].map((ms) => ms < promptMs);
    expect(isPrompt).toEqual([true, true, true]);
    const answers = await Promise.all(burst);
    expect(Math.min(...answers.map(({ atMs }) => atMs)) - begunMs).toBeGreaterThan(stallMs - promptMs);
    expect(answers.map(({ text }) => Number(/"seq":(\d+)/.exec(text)?.[1]))).toEqual(answers.map((_, at) => at + 3));
    expect(await armed.release()).toMatchObject({ happened: true });

    await instance.kill();
    await instance.start();
    const after = await connect({ url: instance.url });
    const info = await after.request({ subject: "$JS.API.STREAM.INFO.S" });
    expect(info.text()).toContain('"messages":202');
  });

  test("keeps no more in memory than a bound, however much is sent", { timeout: 90_000 }, async () => {
    const instance = await (await resolveTarget("embedded")).provision();
    const writer = await connect({ url: instance.url });
    await writer.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from('{"name":"S","subjects":["s.>"]}') });
    const armed = await armCallFault(instance, { calls: "sync", at: 1, does: "delay", delayMs: 2 * stallMs, repeats: true });
    await publish(writer, Buffer.from("slow"));
    const before = residentBytes(instance.pid);
    const count = 160;
    const sent = Array.from({ length: count }, () => publish(writer, Buffer.alloc(1_000_000, "x")));
    const other = await connect({ url: instance.url });
    let most = 0;
    for (const endMs = performance.now() + 2 * stallMs; performance.now() < endMs; ) {
      expect(await tookMs(other.flush())).toBeLessThan(promptMs);
      most = Math.max(most, residentBytes(instance.pid));
    }
    expect((most - before) / 1e6).toBeLessThan(110);
    expect(await armed.release()).toMatchObject({ happened: true });
    const answers = await Promise.all(sent);
    expect(answers.map(({ text }) => Number(/"seq":(\d+)/.exec(text)?.[1]))).toEqual(answers.map((_, at) => at + 2));
  });
});
