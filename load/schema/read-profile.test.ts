import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { listProfiles, readProfile } from "../catalog.ts";
import { LoadError } from "../load-error.ts";
import { profileJsonSchema } from "./profile.ts";
import { parseProfile } from "./read-profile.ts";

const pull = readFileSync(new URL("../profiles/pull.yaml", import.meta.url), "utf8");

function problemsOf(text: string): string[] {
  try {
    parseProfile(text, "p.yaml");
    return [];
  } catch (error) {
    return error instanceof LoadError ? error.message.split("\n") : [String(error)];
  }
}

test("every shipped profile reads, is named as its file and offers three sizes", () => {
  const names = listProfiles().map((profile) => profile.name);
  expect(names).toEqual(expect.arrayContaining(["pub-async", "pull"]));
  for (const name of names) {
    expect(readProfile(name).profile).toBe(name);
  }
});

test("units become plain numbers", () => {
  const profile = readProfile("pull");
  expect(profile.sizes.ci).toMatchObject({ warmup: 300, measure: 1000, drain: 5000 });
  expect(profile.load.payload.size).toBe(256);
  expect(profile.arrivals.open.rate).toBe(2000);
  expect(profile.margin).toBe(0.05);
});

test.each([
  ["storage: file", "storage: file, strage: x", 'p.yaml:4:26  unknown key "strage"; did you mean "storage"?'],
  ["batch: 500", "batch: 500, Ack: none", 'p.yaml:9:23  unknown key "Ack"; did you mean "ack"?'],
  [
    "margin: 5 %",
    "margin: 5 %\nzzz: 1",
    'p.yaml:16:1  unknown key "zzz"; known here: profile, about, stream, load, arrivals, model, slo, margin, sizes',
  ],
  ["256 B", "256", 'p.yaml:8:14  load.payload.size: a text such as "256 B" is expected'],
  ["margin: 5 %", "margin: 5 %\nmargin: 5 %", "p.yaml:16:1  Map keys must be unique at line 16, column 1:"],
  ["ack: explicit", "ack: all", 'p.yaml:9:23  load.pull.ack: Invalid option: expected one of "none"|"explicit"'],
  ["  pull: {", "  pull: [", "p.yaml:9:37  "],
  ["op: pull", "op: publish\n  connections: 1", "p.yaml:8:3  Map keys must be unique at line 8, column 3:"],
])("%j changed to %j is refused with its place", (from, to, problem) => {
  expect(problemsOf(pull.replace(from, to)).find((line) => line.startsWith(problem))).toBeDefined();
});

test("a profile whose parts don't fit its operation is refused", () => {
  expect(problemsOf(pull.replace(/ {2}pull: \{.*\n/, ""))[0]).toContain("needs load.pull");
  expect(problemsOf(pull.replace(", preload: 5000", ""))[0]).toContain("needs preload");
  expect(problemsOf(pull.replace("op: pull", "op: push"))[0]).toContain("needs load.push");
  expect(problemsOf(pull.replace("connections: 1", "messageIds: true\n  connections: 1"))[0]).toContain("for op publish alone");
});

test("an unknown profile names its neighbour", () => {
  expect(() => readProfile("pub-asinc")).toThrow('did you mean "pub-async"?');
  expect(() => readProfile("/nowhere/x.yaml")).toThrow(expect.objectContaining({ code: "LOAD_PROFILE_UNKNOWN" }));
});

test("the JSON Schema for editors is the current one", () => {
  const written: unknown = JSON.parse(readFileSync(new URL("load-profile.v1.json", import.meta.url), "utf8"));
  expect(written, "run node load/schema/generate.ts").toEqual(profileJsonSchema());
});
