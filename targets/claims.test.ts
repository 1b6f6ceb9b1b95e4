import { afterEach, expect, test } from "vitest";
import { probeClaims } from "./claims.ts";
import { makeFakeTarget } from "./fake-target.ts";
import { disposeAll } from "./live.ts";
import { officialServer, officialServerReason } from "./official-server.ts";
import { resolveTarget } from "./resolve.ts";

afterEach(disposeAll);

const executable = await officialServer();
const holding = (report: { results: readonly { claim: string; holds: boolean }[] }) =>
  Object.fromEntries(report.results.map(({ claim, holds }) => [claim, holds]));

test.skipIf(executable === undefined)(
  `everything the official server's file claims holds (skipped without: ${officialServerReason})`,
  async () => {
    const instance = await (await resolveTarget("nats-server", { bin: executable ?? "" })).provision();
    const report = await probeClaims(instance);
    expect(report.results.filter(({ holds }) => !holds)).toEqual([]);
    expect(report).toMatchObject({ hold: true, apiLevel: instance.target.claims.apiLevel });
  },
);

test("everything the embedded target's file claims holds, in a child process of the reference", async () => {
  const instance = await (await resolveTarget("embedded")).provision();
  const report = await probeClaims(instance);
  expect(report.results.filter(({ holds }) => !holds)).toEqual([]);
  expect(instance).toMatchObject({ server: { name: "streamproof" }, settings: { sync_interval: "always" } });
  expect(instance.pid).not.toBe(process.pid);
});

test("a server that says yes to nonsense is found out", async () => {
  using fake = makeFakeTarget({ answer: '{"type":"anything","success":true}' });
  const report = await probeClaims(await (await fake.resolve()).provision());
  expect(report.hold).toBe(false);
  expect(holding(report)).toEqual({ nonsense: false });
});

test("a claimed feature that does not answer, a wrong level and a dropped field do not hold", async () => {
  const yaml = "claims: [{ apiLevel: 5, features: [account-info, streams, direct-get] }]";
  using silent = makeFakeTarget({ yaml });
  const report = await probeClaims(await (await silent.resolve()).provision(), { timeoutMs: 300 });
  expect(holding(report)).toEqual({ nonsense: true, "api-level": false, "account-info": true, streams: false, "direct-get": false });
  expect(report.results.find(({ claim }) => claim === "api-level")?.says).toBe("API level 5 is claimed, the server says 3");

  using refusing = makeFakeTarget({ yaml, answer: '{"type":"x","error":{"code":400,"description":"no"}}' });
  const refused = await probeClaims(await (await refusing.resolve()).provision());
  expect(holding(refused)).toMatchObject({ nonsense: true, streams: false, "direct-get": false });
});
