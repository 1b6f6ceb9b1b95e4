/**
 * The order of blocks: A and B close together in time, in pairs, so that a drifting host moves both. Two pairs form ABBA or BAAB by a
 * seeded coin, which cancels linear drift inside the four and keeps a periodic disturbance from always hitting one side.
 */
import { randomOf } from "./random.ts";

export interface PlannedBlock {
  readonly side: "A" | "B";
  /** From 0. */
  readonly pair: number;
}

export function pairedOrder(pairs: number, seed: number): PlannedBlock[] {
  const random = randomOf(seed);
  const blocks: PlannedBlock[] = [];
  let aFirst = false;
  for (let pair = 0; pair < pairs; pair++) {
    aFirst = pair % 2 === 0 ? random.next() < 0.5 : !aFirst;
    const first = aFirst ? "A" : "B";
    const second = aFirst ? "B" : "A";
    blocks.push({ side: first, pair }, { side: second, pair });
  }
  return blocks;
}

export function singleOrder(blocks: number): PlannedBlock[] {
  return Array.from({ length: blocks }, (_, pair) => ({ side: "A", pair }));
}
