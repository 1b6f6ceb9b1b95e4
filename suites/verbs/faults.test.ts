/** Fault verbs in cases, on the target that comes with the tool: what a case reads as, and what becomes of it when the fault finds nothing to do. */
import { expect, test } from "vitest";
import { referenceSpec } from "../../targets/official.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Target } from "../../targets/target.ts";
import { temporarySuites } from "../catalog/temporary-suites.ts";
import { FakeTarget } from "../runner/fake-target.ts";
import { runCases } from "../runner/run-cases.ts";

const stream = "{ stream: { name: S, subjects: [s.>], storage: file } }";

/** Case id → outcome and what was said about it. */
async function outcomes(cases: string, target?: Target): Promise<Map<string, string>> {
  using suites = temporarySuites({ "cases/t/a.yaml": `suite: t.a\nabout: For tests.\ncases:\n${cases}` });
  const { cases: results } = await runCases({
    target: target ?? (await resolveTarget(referenceSpec)),
    catalog: suites.load(),
    knownFailing: [],
  });
  return new Map(
    results.map(({ name, outcome, reason, failure }) => [name.split("/").at(-1) ?? "", `${outcome} ${reason ?? failure?.message ?? ""}`]),
  );
}

test("damage is done where a message's own bytes stand, and where nothing fits the case proves nothing", { timeout: 180_000 }, async () => {
  const found = await outcomes(`
  - id: by-content
    checks: [t.one, t.two]
    given: ${stream}
    steps:
      - publish: { subject: s.a, data: "value number {n} end", times: 3 }
      - file-fault: { do: bit-flip, files: "**", find: value number 2 end, bit: 0, after: stop }
        expect: { happened: true }
      - message-get: { stream: S, seq: 1 }
        expect: { message: { data: value number 1 end } }
      - message-get: { stream: S, seq: 2 }
        expect: { error: { code: 500 } }
  - id: no-such-file
    checks: [t.one]
    steps: [{ file-fault: { do: delete-file, files: "**/{S}/nowhere" } }, { stream-names: {} }]
  - id: no-such-file-is-all-right
    checks: [t.one]
    steps: [{ file-fault: { do: delete-file, files: "**/{S}/nowhere", optional: true } }, { stream-names: {} }]
`);
  expect(found.get("by-content")).toBe("pass ");
  expect(found.get("no-such-file")).toMatch(/^inconclusive .*no file fits/);
  expect(found.get("no-such-file-is-all-right")).toBe("pass ");
});

test("a kill that met no call is done all the same, starts that are cut short end in one that is not", { timeout: 180_000 }, async () => {
  const target = await resolveTarget(referenceSpec);
  const { missing } = await target.capabilities();
  const found = await outcomes(
    `
  - id: kill-at
    checks: [t.one, t.two]
    given: ${stream}
    steps:
      - kill-at: { calls: mkdir, at: 9 }
      - attempt: { publish: { subject: s.a } }
      - release: { fault: kill-at, within: 50ms }
        expect: { happened: true }
      - stream-info: { stream: S }
        expect: { state: { messages: 1 } }
  - id: start-kills
    checks: [t.one]
    given: ${stream}
    steps: [{ start-kills: { nested: 2 } }, { stream-info: { stream: S } }]
`,
    target,
  );
  expect(found.get("kill-at")).toMatch(missing.has("system-calls") ? /^not-applicable/ : /^pass/);
  expect(found.get("start-kills")).toBe("pass ");
});

test("a fault that is not under way can't be released", { timeout: 180_000 }, async () => {
  const found = await outcomes(`
  - id: nothing-to-release
    checks: [t.one, t.two]
    needs: [restart]
    steps: [{ release: { fault: io-error } }]
`);
  expect(found.get("nothing-to-release")).toMatch(/^fail .*no "io-error" is under way. Under way: none/);
});

test("what is attempted may be refused or go unanswered; what is expected of it is still judged", async () => {
  const silent = new FakeTarget({
    answer: (subject) => (subject.startsWith("$JS") ? `{"error":{"code":500,"err_code":1}}` : "no-responders"),
  });
  const found = await outcomes(
    `
  - id: refused
    checks: [t.one, t.two]
    steps: [{ stream-info: { stream: S } }]
  - id: attempted
    checks: [t.one]
    steps: [{ attempt: { stream-info: { stream: S } } }, { attempt: { publish: { subject: s.a } } }]
  - id: attempted-and-expected
    checks: [t.one]
    steps: [{ attempt: { publish: { subject: s.a } }, expect: { seq: any } }]
`,
    silent,
  );
  expect(found.get("refused")).toMatch(/^fail stream-info: the server answered with error/);
  expect(found.get("attempted")).toBe("pass ");
  expect(found.get("attempted-and-expected")).toMatch(/^fail publish: seq is absent/);
});

test("a message sent several times counts in its subject, data and id", async () => {
  const subjects: string[] = [];
  const counting = new FakeTarget({
    answer: (subject, payload) => {
      subjects.push(`${subject.split(".").slice(1).join(".")}=${payload}`);
      return `{"stream":"S","seq":1}`;
    },
  });
  await outcomes(
    `
  - id: counted
    checks: [t.one, t.two]
    steps: [{ publish: { subject: "s.{n}", data: "v{n}", times: 3 } }]
`,
    counting,
  );
  expect(subjects).toEqual(["s.1=v1", "s.2=v2", "s.3=v3"]);
});
