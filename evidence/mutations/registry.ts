/** Every mutation, and its application to a sound history of a seed. */
import type { History } from "../history/history.ts";
import { accountMutations } from "./account-mutations.ts";
import { consumerMutations } from "./consumer-mutations.ts";
import { keyMutations } from "./key-mutations.ts";
import type { Mutation } from "./mutation.ts";
import { randomFrom, soundHistory } from "./sound-history.ts";
import { streamMutations } from "./stream-mutations.ts";

export const mutations: readonly Mutation[] = [...streamMutations, ...accountMutations, ...consumerMutations, ...keyMutations].toSorted(
  (a, b) => (a.id < b.id ? -1 : 1),
);

const sound = new Map<number, History>();

/** Histories never change, so a seed's is made once. */
function soundOf(seed: number): History {
  const known = sound.get(seed) ?? soundHistory(seed);
  sound.set(seed, known);
  return known;
}

/** Undefined where the history of this seed has no place for it. */
export function mutated(mutation: Mutation, seed: number): History | undefined {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1));
  return mutation.apply(soundOf(seed), (items) => items[Math.floor(random() * items.length)]);
}
