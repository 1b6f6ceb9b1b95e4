import { expect, test } from "vitest";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { FaultFields } from "../catalog/fault-plan.ts";
import { temporarySuites } from "../catalog/temporary-suites.ts";
import { UnsafeStreams } from "../control/unsafe-streams.ts";
import { FakeTarget } from "../runner/fake-target.ts";
import { type Blow, drawBlow } from "../strikes/blow.ts";
import { SeededRandom } from "../workloads/seeded-random.ts";
import { caseText } from "./case-text.ts";
import { caseOf, minimise } from "./minimise.ts";
import { scriptOf } from "./script.ts";

const blowOf = (fault: FaultFields): Blow => drawBlow(fault, new SeededRandom(1));
const kill = blowOf({ do: "kill", when: { acked: 1 } });
const about = { suite: "found.kill9", about: "Found by a test." };

/** Publishes acknowledged at 1 to `count`, then a kill after which sequence `lost` is gone. */
function lossOf(count: number, lost: number) {
  const history = new HistoryWriter();
  history.run({ workload: "publish-acked", target: "fake", seed: 1, settings: {} });
  history.ok(history.invoke(0, { kind: "create-stream", stream: "L" }));
  for (let seq = 1; seq <= count; seq++) {
    history.ok(history.invoke(1, { kind: "publish", stream: "L", subject: `l.${seq % 2}`, digest: `d${seq}` }), { seq: String(seq) });
  }
  history.fault("kill", { happened: true, summary: "killed", details: {} });
  history.epoch(2, 1);
  for (let seq = 1; seq <= count; seq++) {
    if (seq !== lost) {
      history.read({ stream: "L", seq: String(seq), subject: `l.${seq % 2}`, digest: `d${seq}` });
    }
  }
  history.readEnd({ stream: "L", complete: true, firstSeq: "1", lastSeq: String(count), messages: count - 1 });
  return history.history();
}

/** Forgets the fifth message of a stream. */
function forgetsTheFifth(): FakeTarget {
  const streams = new UnsafeStreams();
  return new FakeTarget({
    answer: (subject, payload) => {
      const call = subject.slice("$JS.API.".length);
      if (call.startsWith("STREAM.MSG.GET.") && payload === '{"seq":5}') {
        return '{"error":{"code":404,"err_code":10037}}';
      }
      const said = subject.startsWith("$JS.API.")
        ? streams.api(call, payload)
        : streams.publish(subject, Buffer.alloc(0), Buffer.from(payload));
      return JSON.stringify(said);
    },
  });
}

test("a loss is made as small as it can be, and the case file that shows it is valid", async () => {
  const target = forgetsTheFifth();
  const found = await minimise({ target, history: lossOf(200, 150), blow: kill, ...about });
  // Stream, four publishes before the fifth, the fault, the look.
  expect(found?.steps).toBe(8);
  expect(target.alive).toBe(0);
  const case1 = caseOf(found?.text ?? "");
  expect(case1.name).toBe("found.kill9/an-acknowledged-publish-survives");
  expect(case1.needs).toEqual(["kill"]);
  const requirement =
    "area: durability\nabout: x\nrequirements:\n  - { id: durability.acked-survives-kill, says: A., level: observed, basis: { observed: pinned server 2.15.2 }, since: 2.2.0, feature: 1 }";
  using suites = temporarySuites({ "cases/found/a.yaml": found?.text ?? "", "requirements/d.yaml": requirement });
  expect(suites.load().cases.map(({ suite }) => suite)).toContain("found.kill9");
});

test("a failure that no few operations show stays as it is", async () => {
  const streams = new UnsafeStreams();
  const honest = new FakeTarget({
    answer: (subject, payload) =>
      JSON.stringify(
        subject.startsWith("$JS.API.")
          ? streams.api(subject.slice("$JS.API.".length), payload)
          : streams.publish(subject, Buffer.alloc(0), Buffer.from(payload)),
      ),
  });
  expect(await minimise({ target: honest, history: lossOf(9, 5), blow: kill, ...about })).toBeUndefined();
});

test("a history that lost nothing, and damage to files, have no script", () => {
  expect(scriptOf(lossOf(3, 0))).toBeUndefined();
  const script = scriptOf(lossOf(3, 2));
  const damage = blowOf({ do: "damage", kind: "bit-flip", when: { acked: 1 } });
  expect(script === undefined ? undefined : caseText(script, damage, about)).toBeUndefined();
});

test("a purge and a delete are renumbered to what is left of the script", () => {
  const before = [
    { kind: "publish", subject: 1, seq: "11" },
    { kind: "delete-message", seq: "10" },
    { kind: "delete-message", seq: "11" },
    { kind: "publish", subject: 2, seq: "12" },
  ] as const;
  const text = caseText({ before, culprit: { kind: "purge", below: "12" } }, kill, about)?.text ?? "";
  expect(caseOf(text).steps.map(({ verb, fields }) => [verb, fields])).toEqual([
    ["stream-create", { name: "S", subjects: ["s.>"], storage: "file" }],
    ["publish", { subject: "s.1", data: "message 1" }],
    ["message-delete", { stream: "S", seq: 1 }],
    ["publish", { subject: "s.2", data: "message 2" }],
    ["stream-purge", { stream: "S", seq: 2 }],
    ["kill", {}],
    ["stream-info", { stream: "S" }],
  ]);
  expect(text).toContain("messages: 1");
});
