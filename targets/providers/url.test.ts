import { afterEach, expect, test } from "vitest";
import { makeFakeTarget } from "../fake-target.ts";
import { disposeAll } from "../live.ts";
import { resolveTarget } from "../resolve.ts";

afterEach(disposeAll);

test("a server that somebody else runs is connected to and offers no capability, with the reason", async () => {
  using fake = makeFakeTarget();
  const theirs = await (await fake.resolve()).provision();
  const target = await resolveTarget(theirs.url);
  const instance = await target.provision();
  expect(instance).toMatchObject({ url: theirs.url, server: { name: "fake", version: "1.2.3" }, pid: undefined, dataDirectory: undefined });
  expect(instance.capabilities.has.size).toBe(0);
  expect(instance.capabilities.missing.get("kill")).toContain("not started by streamproof");
  await expect(instance.kill()).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
  await expect(target.provision({ powerCut: true })).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
  await expect(target.provision({ settings: { a: "b" } })).rejects.toMatchObject({ code: "TARGET_SETTING_UNKNOWN" });
  await instance.dispose();
  expect(theirs.pid).toBeDefined();
});

test("an address where nobody answers is refused in bounded time", async () => {
  using fake = makeFakeTarget();
  const gone = await (await fake.resolve()).provision();
  await gone.dispose();
  const attempt = (await resolveTarget(gone.url)).provision({ startTimeoutMs: 300 });
  await expect(attempt).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
});
