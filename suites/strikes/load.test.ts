import { expect, test } from "vitest";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { PhaseContext, Workload } from "../workloads/workload.ts";
import { Load } from "./load.ts";

/** Does one operation a turn of the event loop until told to stop, at most `most` of them. */
class Counting implements Workload {
  readonly streams = [];
  begun = 0;
  readonly #most: number;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async phase({ isEnough, answered, cut }: PhaseContext): Promise<void> {
    while (!isEnough() && !cut.aborted && this.begun < this.#most) {
      this.begun++;
      await new Promise((resolve) => setImmediate(resolve));
      answered(this.begun % 3 === 0 ? { kind: "purge", stream: "S" } : { kind: "delete-stream", stream: "S" });
    }
  }

  readBack(): Promise<void> {
    return Promise.resolve();
  }
}

function loadOf(workload: Workload): Load {
  return new Load({ workload, url: "", history: new HistoryWriter(), signal: new AbortController().signal, timeoutMs: 1000 });
}

test("a load that settles at a moment begins nothing after it", async () => {
  const workload = new Counting();
  const load = loadOf(workload);
  load.begin();
  expect(await load.until({ acked: 7 }, { settles: true })).toBe(true);
  await load.settle();
  expect([load.acknowledged, workload.begun]).toEqual([7, 7]);
});

test("replies are counted by their kind", async () => {
  const load = loadOf(new Counting());
  load.begin();
  expect(await load.until({ reply: "purge", nth: 4 }, { settles: true })).toBe(true);
  await load.settle();
  expect(load.acknowledged).toBe(12);
});

test("a moment that the load never reaches ends with it", async () => {
  const load = loadOf(new Counting(5));
  load.begin();
  expect(await load.until({ acked: 100 })).toBe(false);
  expect(load.runs).toBe(false);
  load.begin();
  expect(await load.until({ acked: 5 })).toBe(true);
});

test("waiting for a moment ends at its own time, and the load goes on until it is cut", async () => {
  const load = loadOf(new Counting());
  load.begin();
  expect(await load.until({ acked: Number.POSITIVE_INFINITY }, { withinMs: 20 })).toBe(false);
  expect(load.runs).toBe(true);
  await load.cut();
  expect(load.runs).toBe(false);
});
