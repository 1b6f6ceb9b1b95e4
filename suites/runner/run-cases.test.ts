import { expect, test } from "vitest";
import { caseResult } from "../../evidence/results/schema.ts";
import type { KnownFailing } from "../../targets/target.ts";
import { temporarySuites } from "../catalog/temporary-suites.ts";
import { FakeTarget, type FakeTargetOptions } from "./fake-target.ts";
import { type RunCasesOptions, type RunEvent, runCases } from "./run-cases.ts";

const step = "stream-info: { stream: S }";
const passing = (id: string): string => `  - { id: ${id}, checks: [t.one], steps: [{ ${step}, expect: { state: { messages: 1 } } }] }\n`;
const suite = (cases: string): Record<string, string> => ({ "cases/t/a.yaml": `suite: t.a\nabout: x\ncases:\n${cases}` });
const fine = '{"type":"x","state":{"messages":1}}';

async function run(cases: string, options: Partial<FakeTargetOptions> = {}, over: Partial<RunCasesOptions> = {}) {
  using suites = temporarySuites(suite(cases));
  const target = new FakeTarget({ answer: () => fine, ...options });
  const events: RunEvent[] = [];
  const result = await runCases({ target, catalog: suites.load(), answerWithinMs: 300, listener: (event) => events.push(event), ...over });
  expect(target.alive).toBe(0);
  for (const each of result.cases) {
    expect(caseResult.parse(each)).toEqual(each);
  }
  const outcomes = Object.fromEntries(result.cases.map((each) => [each.name.replace("t.a/", ""), each.outcome]));
  return { target, events, result, outcomes, failure: result.cases[0]?.failure };
}

const entry = (pattern: string): KnownFailing => ({ pattern, reason: "known", link: "https://example.com/", place: "list.yaml:1:1" });

test("a reply as expected passes, and the listener hears of plan, start and end", async () => {
  const { outcomes, events, result } = await run(passing("a") + passing("b"));
  expect(outcomes).toEqual({ a: "pass", b: "pass" });
  expect(events.map((event) => event.type)).toEqual(["plan", "start", "start", "end", "end"]);
  expect(result.requirements).toMatchObject([{ id: "t.one", outcome: "pass", cases: ["t.a/a", "t.a/b"] }]);
  expect(result.cases[0]).toMatchObject({ level: "must", reproduce: "npx streamproof certify t.a/a --target fake" });
});

test("another reply fails with the field, both values, the place, the trace and the server's log", async () => {
  const { outcomes, failure } = await run(passing("a"), { answer: () => '{"state":{"messages":2}}' });
  expect(outcomes).toEqual({ a: "fail" });
  expect(failure).toMatchObject({ path: "state.messages", expected: "1", actual: "2", serverLog: ["a line of the server's log"] });
  expect(failure?.message).toBe("stream-info: state.messages is 2, expected 1");
  expect(failure?.where).toMatch(/a\.yaml:4$/);
  expect(failure?.trace.map((frame) => frame.text).join("\n")).toContain("$JS.API.STREAM.INFO.");
});

test("an error nobody expected fails, an expected one passes", async () => {
  const answer = (): string => '{"error":{"code":404,"err_code":10059}}';
  const expecting = `  - { id: b, checks: [t.one], steps: [{ ${step}, expect: { error: { err_code: 10059 } } }] }\n`;
  const { outcomes, failure } = await run(`  - { id: a, checks: [t.one], steps: [{ ${step} }] }\n${expecting}`, { answer });
  expect(outcomes).toEqual({ a: "fail", b: "pass" });
  expect(failure?.message).toContain('error {"code":404,"err_code":10059}');
});

test("await repeats until the reply is as expected", async () => {
  let asked = 0;
  const answer = (): string => `{"state":{"messages":${++asked < 4 ? 0 : 1}}}`;
  const { outcomes } = await run(`  - { id: a, checks: [t.one], steps: [{ await: { ${step} }, expect: { state: { messages: 1 } } }] }\n`, {
    answer,
  });
  expect([outcomes, asked]).toEqual([{ a: "pass" }, 4]);
});

test("await gives up when its time has passed, with the last difference", async () => {
  const { outcomes, failure } = await run(
    `  - { id: a, checks: [t.one], steps: [{ await: { ${step}, within: 100ms }, expect: { state: { messages: 7 } } }] }\n`,
  );
  expect(outcomes).toEqual({ a: "fail" });
  expect(failure?.message).toContain("state.messages is 1, expected 7, and so it stayed for 100ms");
});

test("a saved reply is used in later steps", async () => {
  const answer = (subject: string): string => (subject.includes("INFO") ? '{"state":{"last_seq":9007199254740993}}' : '{"ok":true}');
  const seen: string[] = [];
  const steps = `[{ ${step}, save: info }, { message-delete: { stream: S, seq: $info.state.last_seq } }]`;
  await run(`  - { id: a, checks: [t.one], steps: ${steps} }\n`, {
    answer: (subject, payload) => {
      seen.push(payload);
      return answer(subject);
    },
  });
  expect(seen.at(-1)).toBe('{"seq":9007199254740993}');
});

test("a variable that the reply did not hold fails the case", async () => {
  const { outcomes, failure } = await run(
    `  - { id: a, checks: [t.one], steps: [{ ${step}, save: got }, { stream-info: { stream: $got.nothing } }] }\n`,
  );
  expect(outcomes).toEqual({ a: "fail" });
  expect(failure?.message).toContain("$got.nothing has no value here");
});

test("a listed case that fails is expected to, one that passes is not", async () => {
  const failing = `  - { id: b, checks: [t.two], steps: [{ ${step}, expect: { state: { messages: 9 } } }] }\n`;
  const knownFailing = [entry("t.a/*")];
  const { outcomes, result } = await run(passing("a") + failing, { knownFailing });
  expect(outcomes).toEqual({ a: "unexpected-pass", b: "expected-fail" });
  expect(result.cases[1]).toMatchObject({ reason: "known", link: "https://example.com/" });
  expect(result.requirements.map((each) => each.outcome)).toEqual(["unexpected-pass", "expected-fail"]);
});

test("a list entry that matches nothing is refused before a server is started", async () => {
  using suites = temporarySuites({});
  const target = new FakeTarget({ answer: () => fine, knownFailing: [entry("t.a/gone")] });
  await expect(runCases({ target, catalog: suites.load() })).rejects.toMatchObject({
    code: "KNOWN_FAILING_UNMATCHED",
    problems: [{ place: "list.yaml:1:1", message: 'known-failing pattern "t.a/gone" matches no case; remove it' }],
  });
  expect(target.provisioned).toBe(0);
});

test("what the target cannot do is not applicable, with the reason", async () => {
  const { outcomes, result } = await run("  - { id: a, checks: [t.one], steps: [{ power-cut: {} }] }\n", {
    missing: { "power-cut": "no loop device" },
  });
  expect(outcomes).toEqual({ a: "not-applicable" });
  expect(result.cases[0]?.reason).toBe("needs power-cut: no loop device");
  expect(result.requirements[0]?.outcome).toBe("not-applicable");
});

test("what the target does not claim is unsupported, and a target without claims is asked", async () => {
  const claiming = { "cases/t/a.yaml": `suite: t.a\nabout: x\nclaims: [special]\ncases:\n${passing("a")}` };
  const outcomeWith = async (features: string[]): Promise<string | undefined> => {
    using suites = temporarySuites(claiming);
    const { cases } = await runCases({ target: new FakeTarget({ answer: () => fine, features }), catalog: suites.load() });
    return cases[0]?.outcome;
  };
  expect([await outcomeWith(["other"]), await outcomeWith(["special"]), await outcomeWith([])]).toEqual(["unsupported", "pass", "pass"]);
});

test("a silent server fails in bounded time, and after enough silence it is not asked any more", async () => {
  const cases = Array.from({ length: 30 }, (_, index) => passing(`c${index}`)).join("");
  const begin = performance.now();
  const { result } = await run(cases, { answer: () => undefined });
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(new Set(result.cases.map((each) => each.outcome))).toEqual(new Set(["fail"]));
  expect(result.cases.some((each) => each.failure?.message.startsWith("no answer to a request on"))).toBe(true);
  expect(result.cases.filter((each) => each.failure?.message.startsWith("not run:")).length).toBeGreaterThanOrEqual(15);
});

test("a case that brings the server down fails, and the others are judged on another one", async () => {
  const killer = "  - { id: a-killer, checks: [t.one], steps: [{ stream-delete: { stream: S } }] }\n";
  const others = Array.from({ length: 12 }, (_, index) => passing(`c${index}`)).join("");
  let isDown = false;
  // What is asked of the first server beside the killer has no answer yet when it goes down.
  const answer = (subject: string): string | undefined => {
    if (subject.includes("DELETE")) {
      isDown = true;
      return "die";
    }
    return isDown ? fine : undefined;
  };
  const { outcomes, target } = await run(killer + others, { answer }, { answerWithinMs: 2000 });
  expect(outcomes["a-killer"]).toBe("fail");
  expect(Object.values(outcomes).filter((outcome) => outcome === "pass")).toHaveLength(12);
  expect(target.provisioned).toBeGreaterThanOrEqual(2);
});

test("a server that answers with garbage fails and never breaks the judge", async () => {
  const lies = ["not json", '"text"', "[]", "null", "{}", '{"state":null}', '{"state":{"messages":"many"}}', "\u0000\u0001"];
  for (const lie of lies) {
    const steps = `[{ ${step}, save: got }, { message-get: { stream: S, seq: 1 } }, { stream-names: {} }, { ${step}, expect: { state: { messages: 1 } } }]`;
    const { outcomes } = await run(`  - { id: a, checks: [t.one], steps: ${steps} }\n`, { answer: () => lie });
    expect([lie, outcomes]).toEqual([lie, { a: "fail" }]);
  }
});

test("a fault without evidence makes the case inconclusive", async () => {
  const { outcomes, result } = await run(`  - { id: a, checks: [t.one], steps: [{ kill: }, { ${step} }] }\n`, { faultsHappen: false });
  expect(outcomes).toEqual({ a: "inconclusive" });
  expect(result.cases[0]?.reason).toContain("left no evidence");
});

test("after a fault the connections of the case are made anew, on a server of its own", async () => {
  const { outcomes, target } = await run(
    `${passing("b")}  - { id: a, checks: [t.one], steps: [{ ${step} }, { kill: }, { ${step} }, { restart: }, { ${step} }] }\n`,
  );
  expect([outcomes, target.provisioned]).toEqual([{ a: "pass", b: "pass" }, 2]);
});

test("a run that is stopped returns what it found and leaves no server", async () => {
  const controller = new AbortController();
  const cases = Array.from({ length: 40 }, (_, index) => passing(`c${index}`)).join("");
  const listener = (event: RunEvent): void => {
    if (event.type === "end") {
      controller.abort(new Error("stopped"));
    }
  };
  const { result } = await run(cases, {}, { signal: controller.signal, listener, concurrency: 2 });
  expect(result.interrupted).toBe(true);
  expect(result.cases.length).toBeGreaterThanOrEqual(1);
  expect(result.cases.length).toBeLessThan(10);
});

test("on a server that is not ours the case's streams are removed, and nobody else's", async () => {
  const deleted: string[] = [];
  let own = "";
  const answer = (subject: string): string => {
    own ||= /STREAM\.INFO\.(.*)_S$/.exec(subject)?.[1] ?? "";
    if (subject.endsWith("STREAM.NAMES")) {
      return JSON.stringify({ total: 2, streams: [`${own}_S`, "THEIRS"] });
    }
    if (subject.includes("STREAM.DELETE")) {
      deleted.push(subject);
    }
    return fine;
  };
  await run(passing("a"), { answer, has: [] });
  expect(deleted).toEqual([`$JS.API.STREAM.DELETE.${own}_S`]);
});

test("the reproduce command quotes what a shell would read", async () => {
  const { reproduceCommand } = await import("./run-cases.ts");
  expect(reproduceCommand("a/storage:file/b", { name: "x", settings: { sync_interval: "always", odd: "it's" } })).toBe(
    String.raw`npx streamproof certify a/storage:file/b --target x --set sync_interval=always --set 'odd=it'\''s'`,
  );
});
