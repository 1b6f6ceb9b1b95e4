/** The campaign file (`suites/campaigns/*.yaml`): what `crash` runs cycle after cycle. */
import { z } from "zod";
import { workloadIds } from "../workloads/workload.ts";
import { strict } from "./validation.ts";

export const campaignFile = strict({
  campaign: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "a name such as power-cut"),
  about: z.string(),
  fault: z.enum(["kill", "power-cut"]),
  /** For a power cut: what survives of the unsynced, cycle after cycle. */
  adversaries: z
    .array(z.enum(["nothing", "everything", "random"]))
    .min(1)
    .default(["nothing"]),
  workload: strict({
    use: z.enum(workloadIds),
    writers: z.int().positive().default(4),
    window: z.int().positive().default(64),
    size: z.int().positive().default(128),
  }),
  /** The cut comes after so many acknowledged operations of a cycle, drawn between the two. */
  cut: strict({ after: z.tuple([z.int().positive(), z.int().positive()]) }),
  checks: z.array(z.string()).min(1),
  cycles: z.int().positive(),
  /** Cycles on one store before a fresh one is made. */
  freshStoreEvery: z.int().positive().default(20),
  /** How many cycles the control runs: the same fault on a server that never keeps what it acknowledged. 0 leaves it out. */
  controlCycles: z.int().nonnegative().default(1),
});

export type Campaign = z.output<typeof campaignFile>;
