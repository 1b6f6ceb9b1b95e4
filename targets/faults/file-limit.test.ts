import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { fileLimitLack, limitFiles, underFileLimit } from "./file-limit.ts";

const lack = await fileLimitLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

afterEach(disposeAll);

const opening = `setInterval(() => {
  try { fs.closeSync(fs.openSync(data + "/x", "w")); console.log("opened"); } catch (error) { console.log(error.code); }
}, 5);`;

const says = (instance: Instance, word: string) => holdsWithin(() => instance.logTail(1)[0] === word, { withinMs: 10_000 });

describe.skipIf(lack !== undefined)(`a limit of open files${because(lack)}`, () => {
  test("makes opening fail until it is released", async () => {
    using fake = makeFakeTarget({ before: opening });
    const instance = await (await fake.resolve()).provision();
    const armed = await limitFiles(instance, { count: 5 });
    expect(armed.evidence()).toMatchObject({ happened: true, details: { limit: 5, limitNow: "5" } });
    expect(await says(instance, "EMFILE")).toBe(true);
    const released = await armed.release();
    expect(released).toMatchObject({ happened: true, details: { limitNow: released.details["before"] } });
    expect(await says(instance, "opened")).toBe(true);
  });

  test("may hold from the start", async () => {
    using fake = makeFakeTarget({
      before: 'console.log("held " + fs.readFileSync("/proc/self/limits", "utf8").match(/open files +(\\d+)/)[1]);',
    });
    const instance = await (await fake.resolve()).provision();
    await instance.kill();
    await instance.start({ under: underFileLimit({ count: 64 }) });
    expect(await holdsWithin(() => instance.logTail().includes("held 64"), { withinMs: 5000 })).toBe(true);
    // The next life is free of it.
    await instance.kill();
    await instance.start();
    expect(await holdsWithin(() => instance.logTail(3).some((line) => /^held \d{4,}$/.test(line)), { withinMs: 5000 })).toBe(true);
  });

  test("of a server that ended is over", async () => {
    using fake = makeFakeTarget();
    const instance = await (await fake.resolve()).provision();
    const armed = await limitFiles(instance, { count: 100 });
    await instance.kill();
    expect(await armed.release()).toMatchObject({ happened: true, details: { limitNow: "" } });
    await expect(limitFiles(instance, { count: 5 })).rejects.toMatchObject({ code: "TARGET_FAULT_FAILED" });
  });
});

/** Streams are created over an open connection until one is refused; all that were acknowledged are there after the release and a restart. */
async function runOutOfFiles(instance: Instance): Promise<void> {
  const connection = await connect({ url: instance.url });
  const open = readdirSync(`/proc/${instance.pid}/fd`).length;
  const armed = await limitFiles(instance, { count: open + 3 });
  const created: string[] = [];
  for (let index = 0; index < 12; index++) {
    const name = `S${index}`;
    const config = JSON.stringify({ name, subjects: [`${name}.>`], storage: "file" });
    const reply = await connection
      .request({ subject: `$JS.API.STREAM.CREATE.${name}`, payload: Buffer.from(config) }, { timeoutMs: 1000 })
      .catch(() => undefined);
    if (reply?.text().includes('"error"') === false) {
      created.push(name);
    }
  }
  expect(armed.evidence()).toMatchObject({ happened: true });
  await armed.release();
  await connection.close();
  await instance.kill();
  await instance.start();
  const again = await connect({ url: instance.url });
  for (const name of created) {
    expect((await again.request({ subject: `$JS.API.STREAM.INFO.${name}` })).text()).not.toContain('"error"');
  }
  await again.close();
}

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  test("has every stream it acknowledged with few file descriptors", { timeout: 60_000 }, async () => {
    await runOutOfFiles(await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision());
  });
});

describe.skipIf(lack !== undefined)(`the reference${because(lack)}`, () => {
  test("has every stream it acknowledged with few file descriptors", { timeout: 60_000 }, async () => {
    await runOutOfFiles(await (await resolveTarget("embedded")).provision());
  });
});
