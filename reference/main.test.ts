import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { findOfficialServer, noOfficialServer, ourServer, ServerProcess, until } from "./official-server.contract.ts";

const running: ServerProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

function start(flags: readonly string[], command = ourServer, folder?: string): ServerProcess {
  const server = new ServerProcess(command, flags, folder);
  running.push(server);
  return server;
}

const official = findOfficialServer();

test("the start-up lines say where clients connect and end with Server is ready", async () => {
  const server = start(["-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-js", "-sd", "data", "-n", "name-1"]);
  const port = await server.port();
  const lines = server.stderr.trimEnd().split("\n");
  for (const line of lines) {
    expect(line).toMatch(/^\[\d+\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] /);
  }
  expect(lines.at(-1)).toContain("[INF] Server is ready");
  expect(lines.at(-2)).toContain(`[INF] Listening for client connections on 127.0.0.1:${port}`);
  expect(server.stderr).toMatch(/Starting http monitor on 127\.0\.0\.1:\d+\n/);
  expect(server.stderr).toContain(`Store Directory: "${join(server.folder, "data/jetstream")}"`);
  expect(server.stderr).toContain("  Name:     name-1\n");
});

test("pid and ports files name the spawned process, and the ports file goes at the end", async () => {
  const server = start(["-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-P", "pid", "--ports_file_dir", "."]);
  const port = await server.port();
  const name = `nats-server_${server.pid}.ports`;
  const ports: unknown = JSON.parse(await until("the ports file", () => server.readFile(name)));
  expect(ports).toEqual({ nats: [`nats://127.0.0.1:${port}`], monitoring: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)] });
  expect(server.readFile("pid")).toBe(String(server.pid));
  server.kill("SIGINT");
  expect((await server.ended()).code).toBe(0);
  expect(server.readFile(name)).toBeUndefined();
  expect(server.readFile("pid")).toBe(String(server.pid));
});

test("INT and TERM end the server with 0, also while a client doesn't read", async () => {
  for (const [signal, name] of [
    ["SIGINT", "interrupt"],
    ["SIGTERM", "terminated"],
  ] as const) {
    const server = start(["-a", "127.0.0.1", "-p", "-1", "-js"]);
    const client = connect(await server.port(), "127.0.0.1");
    client.on("error", () => undefined);
    await new Promise((resolve) => client.once("data", resolve));
    server.kill(signal);
    const { code, stderr } = await server.ended();
    client.destroy();
    expect([code, stderr.includes(`Trapped "${name}" signal`)]).toEqual([0, true]);
  }
});

test("a log file gets the lines instead of standard error, and -T=false drops the time", async () => {
  const server = start(["-a", "127.0.0.1", "-p", "-1", "-l", "log", "-T=false"]);
  const log = await until("the ready line", () => {
    const text = server.readFile("log");
    return text?.includes("Server is ready") === true && text;
  });
  expect(log).toMatch(/^\[\d+\] \[INF\] Starting nats-server\n/);
  expect(server.stderr).toBe("");
});

test("a port in use, a broken configuration and an unknown word end with 1 and say why", async () => {
  const first = start(["-a", "127.0.0.1", "-p", "-1"]);
  const taken = await start(["-a", "127.0.0.1", "-p", String(await first.port())]).ended();
  expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining("[FTL] Error listening on port: 127.0.0.1:")]);

  const broken = start(["-c", "bad.conf"], ourServer, folderWith("bad.conf", "port: 1\n  max_paylod: 1\n"));
  expect(await broken.ended()).toMatchObject({
    code: 1,
    stderr: 'nats-server: bad.conf:2:3: unknown field "max_paylod"; did you mean "max_payload"?\n',
  });

  expect(await start(["foo"]).ended()).toMatchObject({ code: 1, stderr: 'nats-server: unrecognized command: "foo"\n' });
  expect((await start(["-c", "none.conf"]).ended()).code).toBe(1);
});

test("an unknown flag prints the usage and ends with 0, as Go's flag package does", async () => {
  const { code, stdout, stderr } = await start(["-zzz"]).ended();
  expect([code, stderr]).toEqual([0, "flag provided but not defined: -zzz\n"]);
  expect(stdout).toContain("Usage: nats-server [options]");
});

test("the version reads like the official server's, through a link to the executable too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "server-"));
  mkdirSync(join(folder, "bin"));
  symlinkSync(ourServer, join(folder, "real"));
  symlinkSync("../real", join(folder, "bin/nats-server"));
  const { code, stdout } = await start(["-v"], join(folder, "bin/nats-server"), folder).ended();
  expect([code, stdout]).toEqual([0, "nats-server: v2.15.2\n"]);
});

test("a store that another server holds is refused", async () => {
  const first = start(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", "data"]);
  await first.port();
  const second = await start(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", join(first.folder, "data")]).ended();
  expect(second.code).toBe(1);
  expect(second.stderr).toContain("[FTL] Can't start JetStream: ");
});

for (const name of ["basic.conf", "custom-sync.conf", "high-durability.conf"]) {
  const text = readFileSync(fileURLToPath(new URL(`../examples/${name}`, import.meta.url)), "utf8");
  // The examples name the usual ports; tests must not.
  const onFreePorts = text.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:-1");

  test(`examples/${name} starts this server`, async () => {
    const server = start(["-c", name], ourServer, folderWith(name, onFreePorts));
    expect(await server.port()).toBeGreaterThan(0);
    expect(await healthOf(server)).toBe('{"status":"ok"}');
  });

  test(`examples/${name} starts the official server`, async ({ skip }) => {
    skip(official === undefined, noOfficialServer);
    const server = start(["-c", name], official ?? "", folderWith(name, onFreePorts));
    expect(await server.port()).toBeGreaterThan(0);
    expect(await healthOf(server)).toBe('{"status":"ok"}');
  });
}

test("-t accepts and names a configuration as the official server does", async () => {
  const text = "port: 4222\njetstream { store_dir: x, max_mem: 1GB }\n";
  const ours = await start(["-t", "-c", "a.conf"], ourServer, folderWith("a.conf", text)).ended();
  expect(ours).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^nats-server: configuration file a\.conf is valid \(sha256:[0-9a-f]{64}\)\n$/),
  });
  if (official !== undefined) {
    const theirs = await start(["-t", "-c", "a.conf"], official, folderWith("a.conf", text)).ended();
    expect(ours.stderr).toBe(theirs.stderr);
  }
});

test("the executable is a shell script that any POSIX shell can read", () => {
  expect(execFileSync("sh", ["-n", ourServer], { encoding: "utf8" })).toBe("");
});

function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "server-"));
  writeFileSync(join(folder, name), text);
  return folder;
}

async function healthOf(server: ServerProcess): Promise<string> {
  const port = await server.port("Starting http monitor on");
  const response = await fetch(`http://127.0.0.1:${port}/healthz`);
  return response.text();
}
