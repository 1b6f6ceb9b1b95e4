/**
 * The campaigns whose evidence we publish: gates, which the reference passes without one failure, and scores, which say how official servers do under the
 * same. `npm run campaign:night` runs them in this order.
 */

export interface CampaignGate {
  /** Folder of its evidence under reports/published. */
  readonly name: string;
  readonly campaign: string;
  /** `embedded` is the reference: its gates are void as soon as `reference/` changes. */
  readonly target: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly cycles: number;
}

/** Crash states of generated short workloads on a simulated disk, by the parts that the simulation divides them into. */
export interface SimulationGate {
  readonly name: string;
  readonly states: number;
  readonly length: number;
  readonly parts: number;
}

export type Gate = CampaignGate | SimulationGate;

const reference = "embedded";

export const referenceGates: readonly Gate[] = [
  { name: "sync-order", campaign: "sync-order", target: reference, cycles: 90 },
  { name: "disk-full", campaign: "disk-full", target: reference, cycles: 100 },
  { name: "memory", campaign: "memory", target: reference, cycles: 100 },
  { name: "dedup", campaign: "dedup", target: reference, cycles: 100 },
  { name: "pause", campaign: "pause", target: reference, cycles: 20 },
  { name: "slow-disk", campaign: "slow-disk", target: reference, cycles: 30 },
  { name: "truncate", campaign: "truncate", target: reference, cycles: 600 },
  { name: "bit-flip-tail", campaign: "bit-flip-tail", target: reference, cycles: 10_000 },
  { name: "bit-flip", campaign: "bit-flip-exhaustive", target: reference, cycles: 1_000_000 },
  // A sweep ends by itself, when the load meets no further call of any kind.
  { name: "io-error", campaign: "io-error", target: reference, cycles: 100_000 },
  { name: "power-cut", campaign: "power-cut", target: reference, cycles: 3000 },
  { name: "power-cut-fuse", campaign: "power-cut-fuse", target: reference, cycles: 1000 },
  { name: "kill9", campaign: "kill9", target: reference, cycles: 10_000 },
  { name: "soak", campaign: "soak", target: reference, cycles: 500 },
  { name: "simulated-crash-states", states: 1_000_000, length: 3, parts: 60 },
];

const official: readonly (Pick<CampaignGate, "target" | "set"> & { readonly as: string })[] = [
  { as: "2.15.2-default", target: "nats-server@2.15.2" },
  { as: "2.15.2-always", target: "nats-server@2.15.2", set: { sync_interval: "always" } },
  { as: "2.12.1-default", target: "nats-server@2.12.1" },
];
const scored: readonly { readonly campaign: string; readonly cycles: number }[] = [
  { campaign: "kill9", cycles: 1000 },
  { campaign: "power-cut", cycles: 300 },
  { campaign: "bit-flip", cycles: 2000 },
];

export const scores: readonly CampaignGate[] = official.flatMap(({ as, ...which }) =>
  scored.map(({ campaign, cycles }) => ({ name: `${campaign}-${as}`, campaign, cycles, ...which })),
);

export const gates: readonly Gate[] = [...referenceGates, ...scores];

export function isSimulation(gate: Gate): gate is SimulationGate {
  return "states" in gate;
}

/** Whether the evidence is about our own server, so that a change of its source voids it. */
export function isOfReference(gate: Gate): boolean {
  return isSimulation(gate) || gate.target === reference;
}
