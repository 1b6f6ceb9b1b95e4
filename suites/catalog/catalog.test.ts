import { expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { CatalogError } from "./problem.ts";
import { temporarySuites } from "./temporary-suites.ts";

function problemsOf(files: Record<string, string>): string[] {
  using suites = temporarySuites(files);
  try {
    suites.load();
  } catch (error) {
    if (!(error instanceof CatalogError)) {
      throw error;
    }
    return error.problems.map(
      ({ place, message }) => `${place.replace(/^.*?\/(?=cases|requirements|profiles|campaigns|features)/, "")} ${message}`,
    );
  }
  return [];
}

const inCase = (steps: string): Record<string, string> => ({
  "cases/t/a.yaml": `suite: t.a\nabout: x\ncases:\n  - id: one\n    checks: [t.one, t.two]\n    steps:\n${steps}`,
});

test("right files give a catalogue", () => {
  using suites = temporarySuites({});
  const { cases, requirements, profiles, campaigns, features } = suites.load();
  expect([cases.length, requirements.size, profiles.size, campaigns.size, features.length]).toEqual([1, 2, 1, 1, 1]);
  expect(cases[0]?.name).toBe("t.a/one-thing-holds");
});

test("an unknown key of a step is refused with line, column and the key that was probably meant", () => {
  expect(problemsOf(inCase("      - publish: { subject: s.a, msgID: m1 }"))).toEqual([
    'cases/t/a.yaml:7:34 unknown key "msgID" in step "publish"; did you mean "msgId"?',
  ]);
});

test("an unknown verb is refused with the verb that was probably meant", () => {
  expect(problemsOf(inCase("      - publsh: { subject: s.a }"))[0]).toContain(
    'cases/t/a.yaml:7:9 unknown key "publsh" in "cases.0.steps.0" of a file of cases; did you mean "publish"?',
  );
});

test("an unknown field of a stream configuration is refused", () => {
  expect(problemsOf(inCase("      - stream-create: { name: S, max_msg: 5 }"))[0]).toMatch(
    /:7:35 unknown key "max_msg".*did you mean "max_msgs"\?/,
  );
});

test("a wrong type says what was found and what would be right", () => {
  expect(problemsOf(inCase("      - stream-info: { stream: 5 }"))).toEqual([
    'cases/t/a.yaml:7:32 "stream" of step "stream-info" is 5; it takes text',
  ]);
  expect(problemsOf(inCase("      - wait-until: { since: $x, passed: soon }"))[0]).toContain(
    'is "soon"; it takes a duration such as 250ms or 2s',
  );
});

test("a missing field is named", () => {
  expect(problemsOf(inCase("      - stream-info: {}"))[0]).toContain('"stream" of step "stream-info" is missing; it takes text');
});

test("a duplicate key is refused where the second stands", () => {
  expect(problemsOf(inCase("      - stream-info: { stream: S, stream: T }"))).toEqual([
    "cases/t/a.yaml:7:35 duplicate key: it stands twice in the same map; remove one",
  ]);
});

test("broken YAML and aliases are refused", () => {
  expect(problemsOf(inCase("      - stream-info: { stream: S"))[0]).toContain("not valid YAML");
  expect(problemsOf(inCase("      - stream-info: &a { stream: S }\n      - stream-info: *a"))[0]).toContain("an alias");
});

test("a step takes exactly one verb", () => {
  expect(problemsOf(inCase("      - { publish: { subject: s }, stream-info: { stream: S } }"))[0]).toContain(
    "exactly one verb; publish and stream-info were found",
  );
  expect(problemsOf(inCase("      - { expect: { a: 1 } }"))[0]).toContain("exactly one verb; none was found");
});

test("await waits for an expectation", () => {
  expect(problemsOf(inCase("      - await: { stream-info: { stream: S } }"))[0]).toContain("add expect");
});

test("operators cannot stand beside fields", () => {
  expect(problemsOf(inCase("      - stream-info: { stream: S }\n        expect: { state: { gte: 1, messages: 2 } }"))[0]).toContain(
    ":8:26 operators (gte) can't stand beside fields",
  );
});

test("a case takes steps or a workload, and a workload its checks", () => {
  const only = "suite: t.a\nabout: x\ncases:\n  - id: one\n    checks: [t.one]\n";
  expect(problemsOf({ "cases/t/a.yaml": only })[0]).toContain("either steps or a workload");
  expect(problemsOf({ "cases/t/a.yaml": `${only}    workload: { use: mixed, stop: { acked: 1 } }\n` })[0]).toContain(
    "workload and verify belong together",
  );
});

test("an unknown requirement is refused, once for a whole matrix", () => {
  const text = "suite: t.a\nabout: x\nfor: { storage: [file, memory] }\ncases:\n  - { id: one, checks: [t.oen], steps: [{ restart: }] }\n";
  expect(problemsOf({ "cases/t/a.yaml": text })).toEqual([
    'cases/t/a.yaml:5:5 case "one" checks "t.oen", which is no requirement; did you mean "t.one"?',
  ]);
});

test("names stand once", () => {
  const text = "suite: t.a\nabout: x\ncases:\n  - { id: one, checks: [t.one], steps: [{ restart: }] }\n";
  expect(problemsOf({ "cases/t/a.yaml": text, "cases/t/b.yaml": text })[0]).toMatch(
    /case "t.a\/one" stands twice; the other is at .*a\.yaml:4:5/,
  );
});

test("wrong requirement, profile and campaign files are refused in one go", () => {
  const problems = problemsOf({
    "requirements/t.yaml":
      "area: t\nabout: x\nrequirements:\n  - { id: t.one, says: A., level: shall, basis: { observed: somewhere }, since: 2.2, feature: 1 }",
    "profiles/p.yaml": "profile: p\nabout: x\ninclude: [a]\nincludes: [b]",
    "campaigns/k.yaml":
      "campaign: k\nabout: A.\nfaults: [{ do: flood, when: { acked: 1 } }]\nworkload: { use: publish-acked }\nchecks: []\ncycles: 0",
  });
  expect(problems.join("\n")).toContain('is "shall"; it takes one of must, should, may, observed');
  expect(problems.join("\n")).toContain('unknown key "includes" in a file of profiles; did you mean "include"?');
  expect(problems.join("\n")).toContain('is "flood"; it takes one of kill, restart, power-cut');
  expect(problems.length).toBeGreaterThanOrEqual(6);
});

test("a folder without suites is unreadable", () => {
  expect(() => loadCatalog("/nowhere/at/all")).toThrow(expect.objectContaining({ code: "CATALOG_UNREADABLE" }));
});
