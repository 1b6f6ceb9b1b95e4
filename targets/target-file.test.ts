import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { knownFailingFileOf, readKnownFailing } from "./known-failing.ts";
import { TargetError } from "./target.ts";
import { builtInTargetFiles, readTargetFile } from "./target-file.ts";

const folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
const file = join(folder, "mine.yaml");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const valid = `target: mine
about: My server.
command: [server, "--port", "{port}"]
`;

/** The message with the file's path cut to its name. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TargetError);
    expect(error).toHaveProperty("code", "TARGET_FILE_INVALID");
    return (error instanceof Error ? error.message : "").replaceAll(`${folder}/`, "");
  }
  throw new Error("nothing was refused");
}

function refusalOf(text: string): string {
  writeFileSync(file, text);
  return refusal(() => readTargetFile(file));
}

test("the smallest target file has a name, a sentence and a command", () => {
  writeFileSync(file, valid);
  expect(readTargetFile(file)).toMatchObject({ target: "mine", here: folder, ready: { within: "10s", jetstream: true }, claims: [] });
});

test("{here} is absolute also when the file was named by a relative path, because the server starts in a folder of its own", () => {
  const [file = ""] = builtInTargetFiles().values();
  expect(isAbsolute(readTargetFile(relative(process.cwd(), file)).here)).toBe(true);
});

test("an unknown key is refused at its place with the key that was meant", () => {
  expect(refusalOf(`${valid}clams: []\n`)).toBe('mine.yaml:4:1  unknown key "clams"; did you mean "claims"?');
  expect(refusalOf(`${valid}ready:\n  withn: 1s\n`)).toBe('mine.yaml:5:3  unknown key "withn"; did you mean "within"?');
  expect(refusalOf(`${valid}ready: { xyz: 1 }\n`)).toBe('mine.yaml:4:10  unknown key "xyz"; known here: within, jetstream');
});

test("a duplicate key is refused at its second place", () => {
  expect(refusalOf(`${valid}about: again\n`)).toBe("mine.yaml:4:1  this key stands twice in the same map; keep one");
});

test("a wrong type is refused with what was found and what would be right", () => {
  expect(refusalOf(valid.replace(/command: .*/, "command: 7"))).toBe(
    'mine.yaml:3:10  "command": found the number 7; a list of words belongs here: the executable and its arguments',
  );
  expect(refusalOf(`${valid}ready: { within: soon }\n`)).toBe(
    'mine.yaml:4:18  "ready.within": found the string "soon"; a duration such as 500ms, 10s or 2m belongs here',
  );
  expect(refusalOf(`${valid}stop: { signal: SIGKILL }\n`)).toContain("SIGTERM, SIGINT or SIGQUIT belongs here");
});

test("a missing key is named", () => {
  expect(refusalOf("target: mine\ncommand: [a]\n")).toBe('mine.yaml:1:1  the key "about" is missing (string)');
});

test("broken YAML and an unreadable file are refused with their place", () => {
  expect(refusalOf(`${valid}ready: { within: 1s\n`)).toMatch(/^mine\.yaml:\d+:\d+ {2}\S/);
  expect(refusal(() => readTargetFile(join(folder, "none.yaml")))).toMatch(/^none\.yaml can't be read: ENOENT/);
});

test("all problems of a file are told at once", () => {
  expect(refusalOf(`${valid}clams: []\nvolume: { size: big }\n`).split("\n")).toHaveLength(2);
});

test("an unknown placeholder is refused, one that can never be filled too", () => {
  expect(refusalOf(valid.replace("{port}", "{prt}"))).toMatch(/^mine\.yaml:3:\d+ {2}unknown placeholder \{prt\}; known: /);
  expect(refusalOf(valid.replace("server,", '"{executable}",'))).toContain('needs an "executable" section');
  expect(refusalOf(`${valid.replace("{port}", "{set.size}")}settings: { size: { about: x } }\n`)).toContain("needs a default");
});

test("a feature without a probe can't be claimed", () => {
  expect(refusalOf(`${valid}claims:\n  - features: [streams, direct-gets]\n`)).toBe(
    'mine.yaml:5:25  unknown feature "direct-gets"; did you mean "direct-get"?',
  );
});

test("a configuration is either a map or a text, and a setting's path needs the map", () => {
  expect(refusalOf(`${valid}config: { file: a }\n`)).toContain('either "content"');
  expect(refusalOf(`${valid}config: { file: a, template: x, content: {} }\n`)).toContain('either "content"');
  expect(refusalOf(`${valid}settings: { size: { about: x, path: a.b } }\n`)).toMatch(/^mine\.yaml:4:37 {2}a setting with a path needs/);
});

test("every target file that comes with the tool is valid and named after its target, its known-failing list too", () => {
  const files = builtInTargetFiles();
  expect([...files.keys()]).toEqual(["bin", "embedded", "nats-server"]);
  for (const [name, path] of files) {
    expect(readTargetFile(path).target).toBe(name);
    expect(() => readKnownFailing(knownFailingFileOf(path), undefined)).not.toThrow();
  }
});

test("the reference's own known-failing list is empty", () => {
  expect(readKnownFailing(knownFailingFileOf(builtInTargetFiles().get("embedded") ?? ""), undefined)).toEqual([]);
});

const entry = (pattern: string, more = "") => `- pattern: ${pattern}\n  reason: why\n  link: https://example.org/1\n${more}`;

test("a known-failing entry is left out under the settings with which the server does better", () => {
  const list = join(folder, "excused.yaml");
  writeFileSync(
    list,
    "- pattern: durability.**\n  reason: syncs late\n  link: https://example.com/1\n  unless: { sync_interval: always }\n",
  );
  expect(readKnownFailing(list, undefined, { sync_interval: "2m" })).toHaveLength(1);
  expect(readKnownFailing(list, undefined, { sync_interval: "always" })).toEqual([]);
});

test("known-failing entries know where they stand, and those for other versions are left out", () => {
  const list = join(folder, "x.known-failing.yaml");
  writeFileSync(list, `# why\n${entry("dedup.window/**")}${entry("a/*", "  from: 2.12.0\n")}${entry("b/*", "  before: 2.12.0\n")}`);
  const patternsFor = (version: string | undefined) => readKnownFailing(list, version).map(({ pattern }) => pattern);
  expect(readKnownFailing(list, undefined)[0]).toEqual({
    pattern: "dedup.window/**",
    reason: "why",
    link: "https://example.org/1",
    place: `${list}:2`,
  });
  expect(patternsFor(undefined)).toEqual(["dedup.window/**", "a/*", "b/*"]);
  expect(patternsFor("2.12.0")).toEqual(["dedup.window/**", "a/*"]);
  expect(patternsFor("2.11.9")).toEqual(["dedup.window/**", "b/*"]);
});

test("a known-failing entry needs a reason and a link, and stands once", () => {
  const list = join(folder, "y.known-failing.yaml");
  const refusalOfList = (text: string) => {
    writeFileSync(list, text);
    return refusal(() => readKnownFailing(list, undefined));
  };
  expect(refusalOfList("- pattern: a/b\n  link: https://example.org/1\n")).toContain('the key "reason" is missing');
  expect(refusalOfList("- { pattern: a/b, reason: x, link: somewhere }\n")).toContain("a link to a public page belongs here");
  expect(refusalOfList("- { patern: a/b }\n")).toContain('unknown key "patern"; did you mean "pattern"?');
  expect(refusalOfList(entry("a/b") + entry("a/b"))).toMatch(/^y\.known-failing\.yaml:4:12 {2}"a\/b" stands already at .*:1; keep one$/);
  expect(refusalOfList("nothing: here\n")).toContain("a list belongs here");
});

test("no list beside a target file means that nothing is known to fail", () => {
  expect(readKnownFailing(join(folder, "none.known-failing.yaml"), "1.0.0")).toEqual([]);
});
