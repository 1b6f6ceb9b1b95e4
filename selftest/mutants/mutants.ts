/** All mutants. The last area is that of the simulation, which has to find some of the others, too. */
import { isDeepStrictEqual } from "node:util";
import { defects } from "../simulation/defects.ts";
import { commits } from "./commits.ts";
import { compaction } from "./compaction.ts";
import { consumers } from "./consumers.ts";
import { ids } from "./ids.ts";
import { limits } from "./limits.ts";
import type { Mutant } from "./mutant.ts";
import { reads } from "./reads.ts";
import { recovery } from "./recovery.ts";

const fromOutside = [commits, recovery, compaction, ids, consumers, limits, reads].flat();

/** Moments that no fault from outside meets for certain: a virtual disk and clock do. */
const rare: readonly Mutant[] = defects
  .map(({ id, about, file, find, mistake, seed = 1 }) => ({
    id,
    about,
    replace: [{ file, find, mistake }],
    caughtBy: { simulation: seed },
  }))
  .filter(({ id, replace }) => !fromOutside.some((known) => known.id === id || isDeepStrictEqual(known.replace, replace)));

export const areas: readonly { readonly title: string; readonly mutants: readonly Mutant[] }[] = [
  { title: "Commit and acknowledgement", mutants: commits },
  { title: "Recovery and damage", mutants: recovery },
  { title: "Space and compaction", mutants: compaction },
  { title: "Message ids", mutants: ids },
  { title: "Consumers", mutants: consumers },
  { title: "Limits, retention and purges", mutants: limits },
  { title: "Expectations and reads", mutants: reads },
  { title: "Rare moments", mutants: rare },
];

export const mutants: readonly Mutant[] = areas.flatMap((area) => area.mutants);
