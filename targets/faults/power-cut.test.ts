import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../wire/connection.ts";
import { powerCutLack } from "../capabilities.ts";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { officialServer, officialServerReason } from "../official-server.ts";
import { resolveTarget } from "../resolve.ts";
import type { Instance } from "../target.ts";
import { holdsWithin } from "../waiting.ts";

const lack = await powerCutLack();
const executable = await officialServer();
const officialLack = lack ?? (executable === undefined ? officialServerReason : undefined);
const because = (reason: string | undefined) => (reason === undefined ? "" : ` (skipped: ${reason})`);

afterEach(disposeAll);

describe.skipIf(lack !== undefined)(`a power cut${because(lack)}`, () => {
  test("takes what a server wrote and did not sync, at the same address and path, and shows its evidence", async () => {
    using fake = makeFakeTarget({
      before: `if (fs.existsSync(data + "/synced")) fs.writeFileSync(data + "/again", "x");
      fs.writeFileSync(data + "/synced", "kept", { flush: true }); fs.writeFileSync(data + "/unsynced", "lost");`,
    });
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    const { url, pid, dataDirectory = "" } = instance;
    const evidence = await instance.powerCut({ keep: "nothing" });
    expect(evidence).toMatchObject({ happened: true, details: { pid, signal: "SIGKILL", keep: "nothing" } });
    expect(Number(evidence.details["droppedBytes"])).toBeGreaterThan(0);
    expect(readFileSync(join(dataDirectory, "synced"), "utf8")).toBe("kept");
    expect(existsSync(join(dataDirectory, "unsynced"))).toBe(false);

    await instance.start();
    expect(instance).toMatchObject({ url, epoch: 2, dataDirectory });
    expect(existsSync(join(dataDirectory, "again"))).toBe(true);
  });

  test("lets no acknowledgement out after the instant of the snapshot, also in the middle of syncing writes", async () => {
    const before = `const file = fs.openSync(data + "/log", "a");
      let count = 0;
      const loop = () => {
        fs.writeSync(file, ++count + "\\n");
        fs.fsyncSync(file);
        fs.writeSync(1, "acknowledged " + count + "\\n");
        setImmediate(loop);
      };
      if (fs.fstatSync(file).size === 0) loop();`;
    using fake = makeFakeTarget({ before });
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    const acknowledged = () => Number(/^acknowledged (\d+)$/.exec(instance.logTail(1)[0] ?? "")?.[1] ?? 0);
    for (const adversary of [{ keep: "nothing" }, { keep: "random", seed: 3 }, { keep: "random", seed: 8 }] as const) {
      expect(await holdsWithin(() => acknowledged() > 50, { withinMs: 10_000 })).toBe(true);
      expect(await instance.powerCut(adversary)).toMatchObject({ happened: true });
      const stored = readFileSync(join(instance.dataDirectory ?? "", "log"), "latin1").split("\n");
      expect(stored.slice(0, acknowledged())).toEqual(Array.from({ length: acknowledged() }, (_, index) => String(index + 1)));
      rmSync(join(instance.dataDirectory ?? "", "log"));
      await instance.start();
    }
  });

  test("of a server that is gone did not happen", async () => {
    using fake = makeFakeTarget();
    const instance = await (await fake.resolve()).provision({ powerCut: true });
    await instance.kill();
    expect(await instance.powerCut({ keep: "nothing" })).toMatchObject({ happened: false });
  });
});

describe.skipIf(officialLack !== undefined)(`the official server${because(officialLack)}`, () => {
  async function publishAndCut(set: Record<string, string>, keep: "nothing" | "everything"): Promise<number | undefined> {
    const target = await resolveTarget("nats-server", { bin: executable ?? "", set });
    const instance = await target.provision({ powerCut: true });
    const acknowledged = await publish(instance, 2000);
    expect(acknowledged).toBe(2000);
    expect(await instance.powerCut({ keep })).toMatchObject({ happened: true });
    await instance.start();
    return storedMessages(instance);
  }

  test("loses all 2000 acknowledged messages with its default sync", async () => {
    expect(await publishAndCut({}, "nothing")).toBeUndefined();
  });

  // Two thousand syncs take their time on a slow or busy disk.
  test("keeps all 2000 with sync_interval always", { timeout: 60_000 }, async () => {
    expect(await publishAndCut({ sync_interval: "always" }, "nothing")).toBe(2000);
  });

  test("keeps all 2000 with its default sync when the cut keeps what was written", async () => {
    expect(await publishAndCut({}, "everything")).toBe(2000);
  });
});

async function publish(instance: Instance, count: number): Promise<number> {
  const connection = await connect({ url: instance.url });
  const config = JSON.stringify({ name: "S", subjects: ["s.>"], storage: "file" });
  await connection.request({ subject: "$JS.API.STREAM.CREATE.S", payload: Buffer.from(config) });
  const payload = Buffer.alloc(200, "x");
  const acks = await Promise.all(
    Array.from({ length: count }, () => connection.request({ subject: "s.a", payload }, { timeoutMs: 45_000 })),
  );
  await connection.close();
  return acks.filter((ack) => ack.text().includes('"seq":')).length;
}

/** undefined when the stream does not exist. */
async function storedMessages(instance: Instance): Promise<number | undefined> {
  const connection = await connect({ url: instance.url });
  const answer = await connection.request({ subject: "$JS.API.STREAM.INFO.S" });
  await connection.close();
  const messages = /"messages":(\d+)/.exec(answer.text())?.[1];
  return messages === undefined ? undefined : Number(messages);
}
