import { expect, test } from "vitest";
import type { FaultFields } from "../catalog/fault-plan.ts";
import { SeededRandom } from "../workloads/seeded-random.ts";
import { printBlow } from "./blow.ts";
import { FaultPlan } from "./plan.ts";

const planOf = (...faults: FaultFields[]): FaultPlan => new FaultPlan(faults.map((fault, line) => ({ line, fault })));

test("lines take turns, and what a line leaves open is drawn within its range", () => {
  const plan = planOf(
    { do: "kill", when: { acked: [10, 20] } },
    { do: "power-cut", keep: ["nothing", "random"], when: { reply: "double-ack", nth: 3 } },
  );
  const blows = [1, 2, 3].map((number) => plan.turn(new SeededRandom(number))?.blow);
  expect(blows.map((blow) => blow?.does)).toEqual(["kill", "power-cut", "kill"]);
  const acked = blows.flatMap((blow) => (blow !== undefined && "acked" in blow.moment ? [blow.moment.acked] : []));
  expect(acked.every((count) => count >= 10 && count <= 20)).toBe(true);
  expect(blows[1]?.moment).toEqual({ reply: "double-ack", nth: 3 });
});

test("the same seed draws the same blow", () => {
  const draw = (): string => {
    const blow = planOf({ do: "kill", when: { call: ["write", "sync"], nth: [1, 1000] } }).turn(new SeededRandom(9))?.blow;
    return blow === undefined ? "" : printBlow(blow);
  };
  expect(draw()).toBe(draw());
  expect(draw()).toMatch(/^kill at call \d+ of (write|sync)$/);
});

const sweep: FaultFields = { do: "call-error", error: ["EIO", "ENOSPC"], when: { call: ["write", "sync"], nth: "each" } };

/** Meets `met` calls of each kind, then none. */
function goThrough(plan: FaultPlan, met: number, turnsMax = 100): string[] {
  const seen: string[] = [];
  for (let turn = plan.turn(new SeededRandom(1)); turn !== undefined && seen.length < turnsMax; turn = plan.turn(new SeededRandom(1))) {
    seen.push(printBlow(turn.blow));
    plan.done(turn, "nth" in turn.blow.moment && turn.blow.moment.nth <= met);
  }
  return seen;
}

test("a sweep hits each call of each kind once for each error, until there is no further one", () => {
  const plan = planOf(sweep);
  const seen = goThrough(plan, 2);
  expect(seen.slice(0, 4)).toEqual([
    "call-error EIO once at call 1 of write",
    "call-error EIO once at call 2 of write",
    "call-error EIO once at call 3 of write",
    "call-error ENOSPC once at call 1 of write",
  ]);
  expect(seen).toHaveLength(12);
  expect(plan.swept).toEqual({ done: 4, of: 4 });
});

test("a plan goes on after recorded cycles where it left off", () => {
  const whole = goThrough(planOf(sweep), 2);
  const resumed = planOf(sweep);
  resumed.goOnAfter(Array.from({ length: 5 }, (_, index) => ({ line: 0, met: (index % 3) + 1 <= 2 })));
  expect(goThrough(resumed, 2)).toEqual(whole.slice(5));
  const turns = planOf({ do: "kill", when: { acked: 1 } }, { do: "restart", when: { acked: 1 } });
  turns.goOnAfter([{ line: 0, met: true }]);
  expect(turns.turn(new SeededRandom(1))?.blow.does).toBe("restart");
});
