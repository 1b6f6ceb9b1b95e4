import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { drawStartMoments, killDuringStarts } from "./kill-during-start.ts";
import { systemCallsLack } from "./system-calls-probe.ts";

const lack = await systemCallsLack();
const executable = await officialServer();

afterEach(disposeAll);

/** Waits before it listens when it was started before, as a server that recovers. */
const slowStart = `if (fs.existsSync(data + "/slow")) {
  const file = fs.openSync(data + "/recovered", "a");
  for (let count = 0; count < 60; count++) {
    fs.writeSync(file, "x"); fs.fdatasyncSync(file);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}`;

test("a server is killed in the middle of its start, three times in a row, and starts after that", async () => {
  using fake = makeFakeTarget({ before: slowStart });
  const instance = await (await fake.resolve()).provision();
  writeFileSync(join(instance.dataDirectory ?? "", "slow"), "");
  await instance.kill();
  const moments = drawStartMoments({ seed: 5, nested: 3, readyMs: 500 });
  const evidence = await killDuringStarts(instance, moments);
  expect(evidence.map(({ happened }) => happened)).toEqual([true, true, true]);
  expect(evidence[0]).toMatchObject({ details: { signal: "SIGKILL", wasReady: false } });
  expect(instance.pid).toBeUndefined();
  expect(instance.epoch).toBe(1);
  await instance.start();
  expect(instance.epoch).toBe(2);
});

test("a start that was quicker than its moment was not cut short, and the server is down all the same", async () => {
  using fake = makeFakeTarget();
  const instance = await (await fake.resolve()).provision();
  await instance.kill();
  const [evidence] = await killDuringStarts(instance, [{ afterMs: 60_000 }]);
  expect(evidence).toMatchObject({ happened: false, details: { wasReady: true } });
  expect(instance.pid).toBeUndefined();
});

test.skipIf(lack !== undefined)(
  `the moment may be a system call of the recovery${lack === undefined ? "" : ` (skipped: ${lack})`}`,
  async () => {
    using fake = makeFakeTarget({ before: slowStart });
    const instance = await (await fake.resolve()).provision();
    writeFileSync(join(instance.dataDirectory ?? "", "slow"), "");
    await instance.kill();
    const evidence = await killDuringStarts(instance, [
      { calls: "sync", at: 3 },
      { calls: "sync", at: 1 },
    ]);
    expect(evidence).toMatchObject([
      { happened: true, details: { calls: "sync", at: 3, wasReady: false } },
      { happened: true, details: { at: 1 } },
    ]);
    expect(instance.pid).toBeUndefined();
    // A call that is never reached lets the server get ready.
    const [late] = await killDuringStarts(instance, [{ calls: "mkdir", at: 50 }]);
    expect(late).toMatchObject({ happened: false, details: { wasReady: true } });
  },
);

async function surviveNestedKills(instance: Instance): Promise<void> {
  const connection = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) });
  await Promise.all(Array.from({ length: 500 }, () => connection.request({ subject: "s.a", payload: Buffer.alloc(100, "x") })));
  await connection.close();
  await instance.kill();
  const evidence = await killDuringStarts(instance, [{ afterMs: 5 }, { afterMs: 15 }, { afterMs: 25 }]);
  expect(evidence.some(({ happened }) => happened)).toBe(true);
  await instance.start();
  const again = await connect({ url: instance.url });
  const info = await again.request({ subject: "$JS.API.STREAM.INFO.S" });
  await again.close();
  expect(info.text()).toContain('"messages":500');
}

test.skipIf(executable === undefined)(
  `the official server keeps all through three kills in recovery${executable === undefined ? ` (skipped: ${officialServerReason})` : ""}`,
  async () => {
    await surviveNestedKills(await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision());
  },
);

test("the reference keeps all through three kills in recovery", async () => {
  await surviveNestedKills(await (await resolveTarget("embedded")).provision());
});
