/** A few mutants, the same ones for the same seed. */
import type { Mutant } from "./mutant.ts";

export function sampleOf(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const ranked = mutants.map((mutant) => ({ mutant, rank: rankOf(`${seed} ${mutant.id}`) }));
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

/** FNV-1a with a final mix. */
function rankOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
