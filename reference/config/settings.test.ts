import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCommandLine } from "./flags.ts";
import { durationMs } from "./go-duration.ts";
import { readSettings, type Settings } from "./settings.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function settings(text: string, ...words: string[]): Settings {
  const file = join(folder, "server.conf");
  writeFileSync(file, text);
  const commandLine = readCommandLine(["-c", file, ...words]);
  if (commandLine.kind !== "run") {
    throw new Error(`not a run: ${JSON.stringify(commandLine)}`);
  }
  return readSettings(commandLine.flags, {});
}

test("a file sets what it names and leaves the defaults", () => {
  const { server, process } = settings(`
    listen: "127.0.0.1:-1"
    http: 8222
    server_name: n1
    max_payload: 2MB
    ping_interval: "30s"
    no_header_support: true
    logfile: "/tmp/x.log"
    jetstream { store_dir: "/data", max_memory_store: 256MB, max_file_store: "1G", domain: hub, unique_tag: az, max_outstanding_catchup: 32MB, scrub_interval: "12h"
                limits { max_ack_pending: 10, duplicate_window: "1m" } }
  `);
  expect(server).toMatchObject({
    host: "127.0.0.1",
    port: 0,
    name: "n1",
    monitor: { host: "127.0.0.1", port: 8222 },
    broker: { maxPayload: 2 * 1024 * 1024, pingIntervalMs: 30_000, headers: false, maxControlLine: 4096 },
    jetstream: {
      storeDirectory: "/data",
      maxMemory: 256 * 1024 * 1024,
      maxStorage: 1024 ** 3,
      sync: "always",
      scrubIntervalMs: 12 * 3_600_000,
      domain: "hub",
      uniqueTag: "az",
      maxOutstandingCatchup: 32 * 1024 * 1024,
      limits: { maxAckPending: 10, duplicateWindowMs: 60_000 },
    },
  });
  expect(process.logFile).toBe("/tmp/x.log");
});

test("flags win over the file", () => {
  const { server } = settings("port: 1\nserver_name: a\njetstream { store_dir: x }", "-p", "2", "--name=b", "-sd=y", "-a", "::1");
  expect(server).toMatchObject({ port: 2, name: "b", host: "::1", jetstream: { storeDirectory: "y" } });
  expect(settings("jetstream: true", "-js=false").server.jetstream).toBeUndefined();
});

test("JetStream is switched on by a flag, a boolean, a word or a map", () => {
  expect(settings("port: 1").server.jetstream).toBeUndefined();
  expect(settings("port: 1", "-js").server.jetstream).toBeDefined();
  expect(settings("jetstream: enabled").server.jetstream).toBeDefined();
  expect(settings("jetstream: false").server.jetstream).toBeUndefined();
  expect(settings("jetstream { enabled: false }").server.jetstream).toBeUndefined();
});

test("sync_interval is always, or a duration above zero", () => {
  expect(settings("jetstream { sync_interval: always }").server.jetstream?.sync).toBe("always");
  expect(settings('jetstream { sync_interval: "10s" }').server.jetstream?.sync).toEqual({ intervalMs: 10_000 });
  for (const never of ["0", '"0s"', "never", '"-1s"']) {
    expect(() => settings(`jetstream { sync_interval: ${never} }`), never).toThrow(/sync_interval/);
  }
});

test("an unknown key is refused at its place, with the nearest known one", () => {
  const cases: Readonly<Record<string, string>> = {
    "\n  foo: 1": ':2:3: unknown field "foo"',
    "jetstream {\n  store_dri: x\n}": ':2:3: unknown field "store_dri"',
    "max_paylod: 1": ':1:1: unknown field "max_paylod"; did you mean "max_payload"?',
    "authorization { user: a, password: b, foo: 1 }": ':1:39: unknown field "foo"',
    "jetstream { limits { foo: 1 } }": ':1:22: unknown field "foo"',
  };
  for (const [text, message] of Object.entries(cases)) {
    expect(() => settings(text), text).toThrow(message);
  }
});

test("what the official server knows and we don't is refused by name, wherever it stands", () => {
  const keys = ["tls {}", "cluster {}", "accounts {}", "leafnodes {}", "websocket {}", "mappings {}", "no_auth_user: x", "https: 1"];
  for (const text of keys) {
    const name = text.split(/[ :]/)[0]!;
    expect(() => settings(text), text).toThrow(`:1:1: "${name}" is not supported by this server yet`);
  }
  expect(() => settings("jetstream { key: x }")).toThrow('"key" is not supported');
  expect(() => settings("authorization { users [ { user: a, password: b, permissions {} } ] }")).toThrow('"permissions" is not supported');
  expect(() => settings("authorization { token: '$2a$11$abcdefghijklmnopqrstuu' }")).toThrow("bcrypt hash, which is not supported");
});

test("a wrong type or value names what would be right", () => {
  const cases: Readonly<Record<string, string>> = {
    "port: abc": '"port" is an integer; found a string, "abc"',
    "port: 70000": '"port" is between -1 and 65535; found 70000',
    "debug: 1": '"debug" is a boolean; found an integer, 1',
    'ping_interval: "5x"': '"ping_interval" is a duration such as "2m" or "300ms"; found a string, "5x"',
    'listen: ":abc"': '"listen" is a port or host:port; found a string, ":abc"',
    "jetstream: 5": '"jetstream" is true, false, "enabled", "disabled" or a map; found an integer, 5',
    'jetstream { max_file_store: "10GB" }': '"max_file_store" is a size such as 1GB, or "1G" in quotes; found "10GB"',
    'jetstream { domain: "a.b" }': '"domain" is a name without blanks, dots, * and >',
    "server_name: 'a b'": '"server_name" is a name without spaces',
    "host: a\nnet: b": '"net" means the same as "host", which is set too',
  };
  for (const [text, message] of Object.entries(cases)) {
    expect(() => settings(text), text).toThrow(message);
  }
  expect(() => settings("max_payload: 100MB")).toThrow("max_payload (104857600) cannot be higher than max_pending (67108864)");
});

test("a bare number for a duration means seconds and earns a warning", () => {
  const { server, warnings } = settings("ping_interval: 5");
  expect(server.broker.pingIntervalMs).toBe(5000);
  expect(warnings[0]).toContain('invalid use of field "ping_interval": ping_interval should be converted to a duration');
  expect(settings("").warnings[0]).toContain("config has no values or is empty");
});

test("a key that only serves as a variable need not be a setting", () => {
  expect(settings("my_port: 77\nport: $my_port").server.port).toBe(77);
});

test("credentials come from one of user, token and users", () => {
  expect(settings("authorization { user: a, password: b }").server.credentials).toEqual({
    users: [{ user: "a", password: "b" }],
    token: undefined,
  });
  expect(settings("authorization { token: t, timeout: 3 }").server).toMatchObject({
    credentials: { token: "t" },
    broker: { authTimeoutMs: 3000 },
  });
  expect(settings("authorization { users = [ {user: a, pass: b}, {user: c, pass: d} ] }").server.credentials?.users).toHaveLength(2);
  expect(settings("", "--user", "u", "--pass", "p").server.credentials?.users).toEqual([{ user: "u", password: "p" }]);
  expect(() => settings("authorization { user: a, password: b, token: t }")).toThrow("takes one of");
  expect(() => settings("authorization { user: a }")).toThrow("user and password belong together");
});

test("a file's digest is the official server's", () => {
  // Taken from nats-server 2.15.2: -t on the same texts.
  expect(settings("port\n4222\n").configFile?.digest).toBe("sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e");
  expect(settings('listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\n').configFile?.digest).toBe(
    "sha256:ae14029dbada54060c07500ca5984cf1878b76e0265b7586becdecea1bff2b9a",
  );
  expect(settings("port = 4222; debug = true\n").configFile?.digest).toBe(
    "sha256:8d697893eada17225f028a97ac0a0cfbd85dfb1fe0f606aa6f327a81bf911795",
  );
});

test("the command line follows Go's flag rules", () => {
  expect(readCommandLine(["-p", "5", "--js", "-sd=/x", "-DV=true", "--", "rest"])).toMatchObject({ kind: "refused" });
  expect(readCommandLine(["-p", "5", "--js", "-sd=/x", "-DV"])).toEqual({
    kind: "run",
    flags: { port: 5, jetstream: true, storeDirectory: "/x", debugAndTrace: true },
  });
  expect(readCommandLine(["-zzz"])).toEqual({ kind: "misused", text: "flag provided but not defined: -zzz" });
  expect(readCommandLine(["-p"])).toEqual({ kind: "misused", text: "flag needs an argument: -p" });
  expect(readCommandLine(["-p", "abc"])).toEqual({ kind: "misused", text: 'invalid value "abc" for flag -p: parse error' });
  expect(readCommandLine(["-js=maybe"])).toEqual({ kind: "misused", text: 'invalid boolean value "maybe" for -js: parse error' });
  expect(readCommandLine(["foo"])).toEqual({ kind: "refused", text: 'unrecognized command: "foo"' });
  expect(readCommandLine(["--tls"])).toEqual({ kind: "refused", text: "flag -tls is not supported by this server yet" });
  expect([readCommandLine(["-v"]).kind, readCommandLine(["help"]).kind]).toEqual(["version", "help"]);
});

test("durations are read as Go writes them", () => {
  const cases = {
    "300ms": 300,
    "1.5h": 5_400_000,
    "1h30m": 5_400_000,
    "0": 0,
    "2m": 120_000,
    "100us": 0.1,
    "5": undefined,
    "": undefined,
    "1x": undefined,
  };
  for (const [text, ms] of Object.entries(cases)) {
    expect(durationMs(text), text).toBe(ms);
  }
});
