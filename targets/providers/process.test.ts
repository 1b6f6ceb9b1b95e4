import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type FakeOptions, type FakeTarget, makeFakeTarget } from "../fake-target.ts";
import { restart } from "../faults/restart.ts";
import { disposeAll } from "../live.ts";
import { groupIsStopped, groupMembers, processStatus } from "../proc.ts";
import type { Instance, ProvisionOptions } from "../target.ts";
import { holdsWithin } from "../waiting.ts";

const fakes: FakeTarget[] = [];

function fake(options: FakeOptions = {}): FakeTarget {
  const target = makeFakeTarget(options);
  fakes.push(target);
  return target;
}

async function provision(options: FakeOptions = {}, provisionOptions: ProvisionOptions = {}): Promise<Instance> {
  return (await fake(options).resolve()).provision(provisionOptions);
}

/** Folders that this test process made for instances. */
function ownFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`streamproof-${process.pid}-`));
}

afterEach(async () => {
  await disposeAll();
  for (const target of fakes.splice(0)) {
    target[Symbol.dispose]();
  }
  expect(ownFolders()).toEqual([]);
});

test("a started server has an address, a process and a name from INFO", async () => {
  const instance = await provision();
  expect(instance.url).toMatch(/^nats:\/\/127\.0\.0\.1:2\d{4}$/);
  expect(instance.server).toEqual({ name: "fake", version: "1.2.3" });
  expect(instance.epoch).toBe(1);
  expect(processStatus(instance.pid ?? 0)?.group).toBe(instance.pid);
  expect(
    await holdsWithin(() => instance.logTail().some((line) => line === `listening as process ${instance.pid}`), { withinMs: 5000 }),
  ).toBe(true);
});

test("kill -9 ends the whole group, seen by the wait status, and the next life has the same address and data", async () => {
  const instance = await provision({ before: 'spawn("sleep", ["600"]); fs.appendFileSync(data + "/lives", "x");' });
  const { pid, url, dataDirectory = "" } = instance;
  expect(groupMembers(pid ?? 0).length).toBe(2);

  const evidence = await instance.kill();
  expect(evidence).toMatchObject({ happened: true, details: { pid, ended: true, signal: "SIGKILL" } });
  expect(groupMembers(pid ?? 0)).toEqual([]);
  expect(instance.pid).toBeUndefined();

  await instance.start();
  expect(instance).toMatchObject({ url, epoch: 2, dataDirectory });
  expect(instance.pid).not.toBe(pid);
  expect(readFileSync(join(dataDirectory, "lives"), "utf8")).toBe("xx");
});

test("a fault asked of a server that is already gone did not happen", async () => {
  const instance = await provision();
  await instance.kill();
  expect(await instance.kill()).toMatchObject({ happened: false });
  expect(await instance.pause()).toMatchObject({ happened: false });
});

test("a server that ends by itself was not killed", async () => {
  const instance = await provision({ before: 'setInterval(() => fs.existsSync(data + "/end") && process.exit(7), 5);' });
  writeFileSync(join(instance.dataDirectory ?? "", "end"), "");
  expect(await holdsWithin(() => instance.pid === undefined, { withinMs: 10_000 })).toBe(true);
  expect(await instance.kill()).toMatchObject({ happened: false, summary: expect.stringContaining("exit code 7") });
});

test("a pause stops every thread, and a resume lets them run", async () => {
  const instance = await provision();
  const pid = instance.pid ?? 0;
  expect(await instance.pause()).toMatchObject({ happened: true });
  expect(groupIsStopped(pid)).toBe(true);
  expect(await instance.resume()).toMatchObject({ happened: true });
  expect(groupIsStopped(pid)).toBe(false);
});

test("a graceful restart shows both process ids", async () => {
  const instance = await provision({ before: 'process.on("SIGTERM", () => process.exit(0));' });
  const { pid } = instance;
  const evidence = await restart(instance);
  expect(evidence).toMatchObject({ happened: true, details: { pid, newPid: instance.pid, exitCode: 0, forced: false } });
});

test("a server that ignores SIGTERM is killed after its time, and the evidence says so", async () => {
  const instance = await provision({ before: 'process.on("SIGTERM", () => {});', yaml: "stop: { within: 300ms }" });
  expect(await instance.stop()).toMatchObject({ happened: true, details: { signal: "SIGKILL", forced: true } });
});

test("a paused server can be stopped", async () => {
  const instance = await provision();
  await instance.pause();
  expect(await instance.stop()).toMatchObject({ happened: true, details: { signal: "SIGTERM", forced: false } });
});

test("a silent server is refused in bounded time and leaves no process", async () => {
  const program =
    'net.createServer(() => {}).listen(Number(port), "127.0.0.1"); fs.writeFileSync(import.meta.dirname + "/pid", String(process.pid));';
  const target = fake({ program });
  const start = performance.now();
  await expect((await target.resolve()).provision({ startTimeoutMs: 2500 })).rejects.toMatchObject({ code: "TARGET_NOT_READY" });
  expect(performance.now() - start).toBeLessThan(18_000);
  expect(processStatus(Number(readFileSync(join(target.folder, "pid"), "utf8")))).toBeUndefined();
});

test("a server that prints and sends garbage is refused in bounded time, its words shown without control characters", async () => {
  const program = `console.log("\\u0000\\u001b[31mred"); net.createServer((socket) => socket.end(Buffer.alloc(5000, 0xff))).listen(Number(port), "127.0.0.1");`;
  const attempt = provision({ program }, { startTimeoutMs: 2500 });
  await expect(attempt).rejects.toMatchObject({ code: "TARGET_NOT_READY", message: expect.stringContaining("\\x00\\x1b[31mred") });
});

test("a server that never answers $JS.API.INFO is not ready unless its file says that it has no JetStream", async () => {
  const program = `net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (text) => String(text).includes("PING") && socket.write("PONG\\r\\n"));
    socket.write('INFO {"server_name":"plain","version":"1.0.0"}\\r\\n');
  }).listen(Number(port), "127.0.0.1");`;
  const attempt = provision({ program }, { startTimeoutMs: 3000 });
  await expect(attempt).rejects.toMatchObject({ code: "TARGET_NOT_READY", message: expect.stringContaining("is JetStream enabled?") });
  const instance = await provision({ program, yaml: "ready: { jetstream: false }" });
  expect(instance.server.name).toBe("plain");
});

test("a server that ends at once is refused at once, with its exit code and last words", async () => {
  const attempt = provision({ program: 'console.error("no room for me"); process.exitCode = 3;' });
  await expect(attempt).rejects.toMatchObject({
    code: "TARGET_EXITED",
    message: expect.stringMatching(/exit code 3[\s\S]*no room for me/),
  });
});

test("a command that does not exist is told as such", async () => {
  const target = fake();
  writeFileSync(target.file, readFileSync(target.file, "utf8").replace("{node}", "/nowhere/server"));
  await expect((await target.resolve()).provision()).rejects.toMatchObject({
    code: "TARGET_EXITED",
    message: expect.stringContaining("could not be started"),
  });
});

test("a signal ends the waiting for a server that never gets ready", async () => {
  const controller = new AbortController();
  const attempt = provision({ program: "setInterval(() => {}, 1000);" }, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(attempt).rejects.toThrow("enough");
});

test("several instances at once have addresses and folders of their own", async () => {
  const resolved = await fake().resolve();
  const instances = await Promise.all([resolved.provision(), resolved.provision(), resolved.provision()]);
  expect(new Set(instances.map(({ url }) => url)).size).toBe(3);
  expect(new Set(instances.map(({ dataDirectory }) => dataDirectory)).size).toBe(3);
});

test("a port that another program takes first costs an attempt, not the run", async () => {
  // The first life finds its port taken, as when somebody else was quicker.
  const before = `if (!fs.existsSync(import.meta.dirname + "/second")) {
    fs.writeFileSync(import.meta.dirname + "/second", port);
    const holder = spawn(process.execPath, ["-e", "require('net').createServer().listen(" + port + ", '127.0.0.1', () => console.log('held')); setTimeout(() => {}, 20000)"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    fs.writeFileSync(import.meta.dirname + "/holder", String(holder.pid));
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    process.exit(1);
  }`;
  const target = fake({ before });
  const resolved = await target.resolve();
  const instance = await resolved.provision();
  const holder = Number(readFileSync(join(target.folder, "holder"), "utf8"));
  process.kill(holder, "SIGKILL");
  expect(instance.url.endsWith(`:${readFileSync(join(target.folder, "second"), "utf8")}`)).toBe(false);
});

test("dispose ends the process, removes the folder, may be repeated, and forbids another start", async () => {
  const instance = await provision();
  const { pid = 0, dataDirectory = "" } = instance;
  await Promise.all([instance.dispose(), instance.dispose()]);
  expect(processStatus(pid)).toBeUndefined();
  expect(existsSync(dataDirectory)).toBe(false);
  await expect(instance.start()).rejects.toMatchObject({ code: "TARGET_NOT_READY" });
});

test("starting a running server is refused", async () => {
  const instance = await provision();
  await expect(instance.start()).rejects.toThrow("is running already");
});

test("a plain folder can't be power-cut, and the reason says how to get one that can", async () => {
  const instance = await provision();
  expect(instance.capabilities.has.has("power-cut")).toBe(false);
  expect(instance.capabilities.missing.get("power-cut")).toBeDefined();
  await expect(instance.powerCut({ keep: "nothing" })).rejects.toMatchObject({ code: "TARGET_CAPABILITY_MISSING" });
});

test("an instance's settings reach the configuration and are shown as in force", async () => {
  const yaml = `config: { file: sub/server.json, content: { listen: "{host}:{port}" } }
settings:
  sync_interval: { about: x, path: store.sync, type: duration, default: 2m }
  color: { about: y, path: color }
`;
  const target = fake({ yaml });
  const resolved = await target.resolve({ set: { color: "red" } });
  const instance = await resolved.provision({ settings: { sync_interval: "1s" } });
  const folder = join(instance.dataDirectory ?? "", "..");
  const config: unknown = JSON.parse(readFileSync(join(folder, "sub/server.json"), "utf8"));
  expect(config).toEqual({ listen: instance.url.replace("nats://", ""), store: { sync: "1s" }, color: "red" });
  expect(instance.settings).toEqual({ sync_interval: "1s", color: "red" });
  await expect(resolved.provision({ settings: { sink_interval: "1s" } })).rejects.toMatchObject({ code: "TARGET_SETTING_UNKNOWN" });
});

test("the port stays bound to the same number while the server is down", async () => {
  const instance = await provision();
  await instance.kill();
  // An outgoing connection must never be given the port that waits for its server.
  const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
  expect(Number(new URL(instance.url).port)).toBeLessThan(range[0] ?? 0);
  expect(net.isIP(new URL(instance.url).hostname)).toBe(4);
});
