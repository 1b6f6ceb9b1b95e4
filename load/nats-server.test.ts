/** The shipped profiles on the official server: small sizes, every message accounted for. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadResult } from "../evidence/results/schema.ts";
import { connect } from "../wire/connection.ts";
import { findOfficialServer, type OfficialServer, startOfficialServer } from "../wire/official-server.ts";
import { listProfiles } from "./catalog.ts";
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

  test("several connections share one account, and nothing is left behind", async () => {
    const side = { url: server.url, settings: {}, server: { name: "nats-server", version: "" }, target: { name: "nats-server" } };
    for (const profile of ["pub-async", "pull"]) {
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
