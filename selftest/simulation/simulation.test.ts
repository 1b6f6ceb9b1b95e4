/** A slice of the simulation for every test run: fixed seeds, a sample of crash states, and what makes a failure worth having. */
import { expect, test } from "vitest";
import { SeededRandom } from "../../reference/sim/seeded-random.ts";
import { runCampaign, runOptionsOf } from "./campaign.ts";
import { defectOperations, defectRuns, defects } from "./defects.ts";
import { endings, spell, tryState } from "./exhaustive.ts";
import { drawOperations, type Operation } from "./operations.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";

test("the seeds that find the defects find nothing in the reference itself", async () => {
  for (const seed of new Set([1, ...defects.map((each) => each.seed ?? 1)])) {
    const result = await runCampaign({ seed, operations: defectOperations, goesOn: ({ runs }) => runs < defectRuns });
    expect(result.failure).toBeUndefined();
    expect(result.crashes).toBeGreaterThan(defectRuns);
    expect(result.deliveries).toBeGreaterThan(10);
  }
}, 60_000);

test("two runs of one seed are the same to the last byte and disk call, also when the operations were written down and read again", async () => {
  const operations = drawOperations(new SeededRandom(3), 120);
  const first = await simulate(operations, runOptionsOf(3));
  const written: Operation[] = JSON.parse(JSON.stringify(operations));
  expect(await simulate(drawOperations(new SeededRandom(3), 120), runOptionsOf(3))).toEqual(first);
  expect(await simulate(written, runOptionsOf(3))).toEqual(first);
  expect((await simulate(operations.slice(0, -9), runOptionsOf(3))).trace).not.toBe(first.trace);
});

test.each([
  ["publish with an id", "purge all", "stop and start"],
  ["deliver and double ack", "delete a message"],
  ["publish more than a segment", "limit to one"],
] as const)("a crash at any call of a short workload loses nothing that was seen: %s, %s", async (...word) => {
  const { diskCalls } = await simulate(spell(word), { seed: 1, measuresOnly: true });
  for (let call = 1; call < diskCalls; call += 9) {
    const ending = endings[call % endings.length] ?? { keep: "nothing", seed: 1 };
    expect(await tryState({ word, call, ending }), `call ${call}, ${ending.keep}`).toBeUndefined();
  }
});

test("a run on a server that dies in the middle is judged by what was answered before", async () => {
  const publish = { do: "publish", stream: 0, subject: 1, content: 1, bytes: 20 } as const;
  const operations: Operation[] = [
    { do: "request", client: 0, request: { do: "create-stream", stream: 0, limit: 0, limitedBy: "count" } },
    { do: "turn" },
    { do: "crash", call: 1, ending: { keep: "nothing", seed: 1 }, nested: [1, 2, 3] },
    { do: "request", client: 1, request: publish },
    { do: "turn" },
    { do: "request", client: 2, request: publish },
  ];
  const result = await simulate(operations, runOptionsOf(1));
  expect(result).toMatchObject({ violation: undefined, crashes: 5, answers: 2 });
});

test("shrinking drops everything that a failure does not need", async () => {
  const operations = drawOperations(new SeededRandom(1), 60);
  const needed = operations.filter((operation) => operation.do === "crash").slice(0, 2);
  const shortest = await shrink(operations, (shorter) => Promise.resolve(needed.every((operation) => shorter.includes(operation))));
  expect(needed).toHaveLength(2);
  expect(shortest).toEqual(needed);
});
