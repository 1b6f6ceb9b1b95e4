/** The shipped profiles on the official server: small sizes, every message accounted for. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadResult } from "../evidence/results/schema.ts";
import { connect } from "../wire/connection.ts";
import { findOfficialServer, type OfficialServer, startOfficialServer } from "../wire/official-server.ts";
import { listProfiles } from "./catalog.ts";
import { deleteStream, recreateStream } from "./drivers/jetstream.ts";
import { Publisher } from "./drivers/publisher.ts";
import { SequenceCheck } from "./engine/accounting.ts";
import { runLoadProfile } from "./run.ts";

const executable = findOfficialServer();

// Skipped with this reason: no nats-server was found at NATS_SERVER, on PATH or in ~/go/bin.
describe.skipIf(executable === undefined)("on the official server", () => {
  let server: OfficialServer;

  beforeAll(async () => {
    server = await startOfficialServer(executable ?? "");
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test.each(listProfiles().flatMap(({ name }) => [[name, "closed"] as const, [name, "open"] as const]))(
    "%s, %s model, loses nothing",
    async (profile, model) => {
      const side = { url: server.url, settings: {}, server: { name: "nats-server", version: "" }, target: { name: "nats-server" } };
      const started = performance.now();
      const result = loadResult.parse(
        await runLoadProfile({ profile, size: "smoke", sides: { A: side }, policy: "shipped", seed: 3, pairs: 1, overrides: { model } }),
      );
      expect(performance.now() - started).toBeLessThan(10_000);
      // A busy machine may bind the generator, which is said and is no failure of the server.
      expect(result.outcome === "pass" || result.generatorBound).toBe(true);
      const [block] = result.blocks;
      expect(block?.operations).toBeGreaterThan(100);
      expect(block?.accounting).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, errors: {} });
      expect(block?.accounting.acknowledged).toBe(block?.accounting.stored);
    },
  );

  test("message ids are stored as headers, and subjects are gone through in turn", async () => {
    const connection = await connect({ url: server.url });
    await recreateStream(connection, { name: "IDS", subject: "ids.>", storage: "memory" });
    const own = { connection, subject: "ids.m", subjects: 3, payloadBytes: 24, window: 8, messageIds: true, seed: 1, run: 77 };
    const publisher = new Publisher({ ...own, acknowledged: new SequenceCheck() });
    const { promise, resolve } = Promise.withResolvers<void>();
    publisher.onAnswer = () => {
      if (publisher.inFlight === 0) {
        resolve();
      }
    };
    for (let count = 0; count < 7; count++) {
      publisher.publish(0);
    }
    await promise;
    expect([publisher.acknowledged, publisher.duplicated]).toEqual([7, 0]);
    const info = await connection.request({ subject: "$JS.API.STREAM.INFO.IDS" });
    expect(info.json()).toMatchObject({ state: { messages: 7, num_subjects: 3 } });
    const last = await connection.request({ subject: "$JS.API.STREAM.MSG.GET.IDS", payload: '{"seq":7}' });
    const hdrs = Buffer.from("NATS/1.0\r\nNats-Msg-Id: 77-000000006\r\n\r\n").toString("base64");
    expect(last.json()).toMatchObject({ message: { subject: "ids.m.0000000", hdrs } });
    await deleteStream(connection, "IDS");
    await connection.close();
  });

  test("several connections share one account, and nothing is left behind", async () => {
    const side = { url: server.url, settings: {}, server: { name: "nats-server", version: "" }, target: { name: "nats-server" } };
    for (const profile of ["pub-async", "pull", "replay-ordered"]) {
      const result = await runLoadProfile({
        profile,
        size: "smoke",
        sides: { A: side },
        policy: "shipped",
        seed: 4,
        pairs: 1,
        overrides: { connections: 4 },
      });
      expect(result.blocks[0]?.accounting).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, errors: {} });
    }
    const connection = await connect({ url: server.url });
    expect((await connection.request({ subject: "$JS.API.STREAM.NAMES" })).json()).toMatchObject({ total: 0 });
    await connection.close();
  });
});
