import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { clockLack, startWithClock } from "./clock-jump.ts";

const lack = await clockLack();
const executable = await officialServer();
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);
const hourMs = 3_600_000;

afterEach(disposeAll);

const telling = `setInterval(() => fs.writeSync(1, "off by " + Date.now() + " " + Math.round(performance.now()) + "\\n"), 10);`;

/** The server's clock against this process's. */
function offsetMs(instance: Instance): number {
  const time = /^off by (\d+) \d+$/.exec(instance.logTail(1)[0] ?? "")?.[1];
  return time === undefined ? Number.NaN : Number(time) - Date.now();
}

const isOffBy = (instance: Instance, ms: number) => holdsWithin(() => Math.abs(offsetMs(instance) - ms) < 2000, { withinMs: 10_000 });

describe.skipIf(lack !== undefined)(`a clock that jumps${because(lack)}`, () => {
  test("is off from the start on, jumps while the server runs, and is right again when released", async () => {
    using fake = makeFakeTarget({ before: telling });
    const instance = await (await fake.resolve()).provision();
    expect(await isOffBy(instance, 0)).toBe(true);
    await instance.kill();
    const { clock } = await startWithClock(instance, { offsetMs: -hourMs });
    expect(clock.evidence()).toMatchObject({ happened: true, details: { offsetMs: -hourMs, loaded: true } });
    expect(await isOffBy(instance, -hourMs)).toBe(true);
    expect(await clock.jump({ offsetMs: hourMs })).toMatchObject({ happened: true, details: { offsetMs: hourMs, jumps: 1 } });
    expect(await isOffBy(instance, hourMs)).toBe(true);
    await clock.release();
    expect(await isOffBy(instance, 0)).toBe(true);
  });

  test("leaves the monotonic clock alone", async () => {
    using fake = makeFakeTarget({ before: telling });
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    const { clock } = await startWithClock(instance, { offsetMs: 0 });
    await clock.jump({ offsetMs: hourMs });
    expect(await isOffBy(instance, hourMs)).toBe(true);
    const uptimeMs = Number(/ (\d+)$/.exec(instance.logTail(1)[0] ?? "")?.[1]);
    expect(uptimeMs).toBeLessThan(600_000);
  });

  test("of the reference shows in what it stores, and its sequence goes on", async () => {
    const instance = await (await resolveTarget("embedded")).provision();
    const first = await publish(instance);
    await instance.stop();
    await startWithClock(instance, { offsetMs: hourMs });
    const second = await publish(instance);
    expect(second.seq).toBe(first.seq + 1);
    expect(Math.abs(second.timeMs - first.timeMs - hourMs)).toBeLessThan(60_000);
  });
});

test.skipIf(executable === undefined)(
  `of a server in Go can't be steered, and it says why${because(executable === undefined ? officialServerReason : undefined)}`,
  async () => {
    const { missing } = await (await resolveTarget("nats-server", { bin: executable ?? "" })).capabilities();
    expect(missing.get("clock")).toContain("Go");
  },
);

async function publish(instance: Instance): Promise<{ seq: number; timeMs: number }> {
  const connection = await connect({ url: instance.url });
  const ask = async (subject: string, body: object) =>
    (await connection.request({ subject, payload: Buffer.from(JSON.stringify(body)) }, { timeoutMs: 10_000 })).text();
  await ask("$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s.>"], storage: "file" });
  const seq = Number(/"seq":(\d+)/.exec(await ask("s.a", {}))?.[1]);
  const message = await ask("$JS.API.STREAM.MSG.GET.S", { seq });
  await connection.close();
  return { seq, timeMs: Date.parse(/"time":"([^"]+)"/.exec(message)?.[1] ?? "") };
}
