/** The campaign file (`suites/campaigns/*.yaml`): what `crash` runs cycle after cycle. */
import { z } from "zod";
import { workloadIds } from "../workloads/workload.ts";
import { type FaultFields, faultFields, faultProblem, volumeKinds } from "./fault-plan.ts";
import type { Problem } from "./problem.ts";
import { strict } from "./validation.ts";
import type { YamlSource } from "./yaml-source.ts";

const workload = strict({
  use: z.enum(workloadIds),
  writers: z.int().positive().default(4),
  /** Operations in flight for each writer. */
  window: z.int().positive().default(64),
  /** Bytes of payload. */
  size: z.int().positive().default(128),
});

const control = strict({
  /**
   * What the control does with what it acknowledges: holds it in memory, writes it and never syncs, or writes it and takes no notice of errors.
   * Nothing it writes has a checksum, and it knows no message ids.
   */
  keeps: z.enum(["memory", "unsynced", "careless"]),
  cycles: z.int().nonnegative().default(1),
  /** The control publishes and reads, so this must be a workload that does nothing else. */
  use: z.enum(["publish-acked", "identified"]).default("publish-acked"),
  checks: z.array(z.string()).min(1).default(["no-acked-loss"]),
  faults: z.array(faultFields).min(1),
});

export const campaignFile = strict({
  campaign: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "a name such as power-cut"),
  about: z.string(),
  workload,
  /** They take turns. One that the target can't be asked for is left out and named. */
  faults: z.array(faultFields).min(1),
  /** The disk under the server where a fault is one of disks: an ext4 image, or one that the tool plays itself. */
  volume: z.enum(volumeKinds).default("image"),
  checks: z.array(z.string()).min(1),
  cycles: z.int().positive(),
  /** Cycles on one store before a fresh one is made. */
  freshStoreEvery: z.int().positive().default(20),
  /** The load of the first cycle on a store serves all cycles on it: the store is put back to what it was then before each. Only for damage to files. */
  keepsStore: z.boolean().default(false),
  /** A server that has to be caught by the same fault code before anything is believed. */
  control,
});

export type Campaign = z.output<typeof campaignFile>;
export type CampaignWorkload = Campaign["workload"];

export function campaignProblems(file: Campaign, source: YamlSource): Problem[] {
  const own = file.faults.flatMap((fault, index) => problemAt(fault, source, ["faults", index]));
  return [...own, ...file.control.faults.flatMap((fault, index) => problemAt(fault, source, ["control", "faults", index]))];
}

function problemAt(fault: FaultFields, source: YamlSource, path: readonly PropertyKey[]): Problem[] {
  const message = faultProblem(fault);
  return message === undefined ? [] : [{ place: source.place(path), message }];
}
