import { expect, test } from "vitest";
import { combinations, matrixName } from "./matrix.ts";
import { fieldOf } from "./record.ts";
import { temporarySuites } from "./temporary-suites.ts";

const suite = (text: string): Record<string, string> => ({ "cases/t/a.yaml": `suite: t.a\nabout: x\n${text}` });

test("each value of a matrix makes a case of its own name, with the value put in", () => {
  using suites = temporarySuites(
    suite(`for: { storage: [file, memory], size: [1, 2] }
given: { stream: { name: S, subjects: [s.>], storage: $storage, max_msgs: $size } }
cases:
  - { id: one, checks: [t.one], steps: [{ publish: { subject: "s.\${storage}", data: $got.x } }] }
`),
  );
  const { cases } = suites.load();
  expect(cases.map((each) => each.name)).toEqual([
    "t.a/storage:file,size:1/one",
    "t.a/storage:file,size:2/one",
    "t.a/storage:memory,size:1/one",
    "t.a/storage:memory,size:2/one",
  ]);
  expect(cases[3]?.steps.map(({ verb, fields }) => [verb, fields])).toEqual([
    ["stream-create", { name: "S", subjects: ["s.>"], storage: "memory", max_msgs: 2 }],
    // What an earlier step saves is not known yet and stays.
    ["publish", { subject: "s.memory", data: "$got.x" }],
  ]);
});

test("no matrix gives one case, and an empty one never arises", () => {
  expect(combinations({})).toEqual([{}]);
  expect(combinations({ a: [1, 2], b: ["x"] })).toEqual([
    { a: 1, b: "x" },
    { a: 2, b: "x" },
  ]);
  expect(matrixName({ storage: "file", n: 2 })).toBe("storage:file,n:2");
});

test("a case's own given replaces the suite's key by key, and is made in the order streams, messages, consumers", () => {
  using suites = temporarySuites(
    suite(`given: { stream: { name: S }, consumer: { stream: S, name: C } }
cases:
  - id: one
    checks: [t.one]
    given: { stream: { name: T }, messages: [{ subject: t.a }] }
    steps: [{ restart: }]
`),
  );
  const [each] = suites.load().cases;
  expect(each?.steps.map(({ verb, fields }) => [verb, fieldOf(fields, "name")])).toEqual([
    ["stream-create", "T"],
    ["publish", undefined],
    ["consumer-create", "C"],
    ["restart", undefined],
  ]);
});

test("faults and settings imply what they need, and a server of one's own", () => {
  using suites = temporarySuites(
    suite(`cases:
  - { id: a, checks: [t.one], steps: [{ kill: }, { power-cut: { keep: random, seed: 3 } }] }
  - { id: b, checks: [t.one], settings: { sync_interval: always, n: 5 }, steps: [{ publish: { subject: s } }] }
  - { id: c, checks: [t.one], workload: { use: mixed, stop: { acked: 9 } }, faults: [{ when: { acked: 3 }, do: restart }], verify: [no-acked-loss] }
  - { id: d, checks: [t.one], steps: [{ publish: { subject: s } }], timeout: 2s }
`),
  );
  const { cases } = suites.load();
  expect(cases.map(({ needs, alone }) => [needs, alone])).toEqual([
    [["kill", "power-cut"], true],
    [["configure"], true],
    [["restart"], true],
    [[], false],
  ]);
  expect(cases[1]?.settings).toEqual({ sync_interval: "always", n: "5" });
  expect(cases[3]?.timeoutMs).toBe(2000);
});

test("a step knows where it stands", () => {
  using suites = temporarySuites(
    suite(
      "cases:\n  - id: one\n    checks: [t.one]\n    steps:\n      - publish: { subject: s }\n      - await: { stream-info: { stream: S }, within: 1s }\n        expect: { a: 1 }\n",
    ),
  );
  const [first, second] = suites.load().cases[0]?.steps ?? [];
  expect([first?.where.split("/").at(-1), second?.where.split("/").at(-1)]).toEqual(["a.yaml:7", "a.yaml:8"]);
  expect(second).toMatchObject({ verb: "stream-info", fields: { stream: "S" }, within: "1s", expect: { a: 1 } });
});
