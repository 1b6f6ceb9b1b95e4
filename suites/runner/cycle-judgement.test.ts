import { expect, test } from "vitest";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { judgeCycle } from "./cycle-judgement.ts";

const about = { title: "cycle 1", blow: "kill at 1 acknowledged" };

function historyOf({ publishes, readsBack }: { publishes: number; readsBack: boolean }) {
  const history = new HistoryWriter();
  history.run({ workload: "publish-acked", target: "t", seed: 1, settings: {} });
  history.ok(history.invoke(0, { kind: "create-stream", stream: "S" }));
  for (let seq = 1; seq <= publishes; seq++) {
    history.ok(history.invoke(1, { kind: "publish", stream: "S", subject: "s", digest: `d${seq}` }), { seq: String(seq) });
  }
  history.fault("kill", { happened: true, summary: "killed", details: {} });
  history.epoch(2, 1);
  const readable = readsBack ? publishes : 0;
  for (let seq = 1; seq <= readable; seq++) {
    history.read({ stream: "S", seq: String(seq), subject: "s", digest: `d${seq}` });
  }
  if (readsBack) {
    history.readEnd({ stream: "S", complete: true, firstSeq: publishes > 0 ? "1" : "0", lastSeq: String(publishes), messages: publishes });
  }
  return history.history();
}

test("a check that had nothing to judge does not make the cycle inconclusive, as long as another had", () => {
  const checks = ["acked-changes-kept", "no-acked-loss", "confirmed-acks-kept", "preconditions-hold"];
  const { outcome, summary } = judgeCycle(historyOf({ publishes: 2, readsBack: true }), checks, about);
  expect([outcome, summary]).toEqual([
    "pass",
    "kill at 1 acknowledged: 1 acknowledged change kept; all 2 acknowledged publishes read back",
  ]);
});

test("evidence that does not reach stays inconclusive", () => {
  expect(judgeCycle(historyOf({ publishes: 2, readsBack: false }), ["no-acked-loss"], about).outcome).toBe("inconclusive");
});

test("a cycle in which nothing could be judged is inconclusive", () => {
  expect(judgeCycle(historyOf({ publishes: 0, readsBack: true }), ["no-acked-loss"], about).outcome).toBe("inconclusive");
});
