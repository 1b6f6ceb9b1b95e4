/** Live progress of a load run: a listener beside the flow, nothing depends on it. */
import type { Comparison, LoadBlock } from "../evidence/results/schema.ts";
import type { Phase } from "./engine/watch.ts";

export type LoadEvent =
  | { readonly type: "run-start"; readonly profile: string; readonly model: "open" | "closed"; readonly blocks: number }
  | { readonly type: "block-start"; readonly side: "A" | "B"; readonly pair: number; readonly index: number; readonly blocks: number }
  /** About ten a second. `perSecond` is of the measurement so far, 0 before it. */
  | { readonly type: "progress"; readonly side: "A" | "B"; readonly pair: number; readonly phase: Phase; readonly perSecond: number }
  | { readonly type: "block-end"; readonly block: LoadBlock; readonly problems: readonly string[] }
  | { readonly type: "comparison"; readonly comparison: Comparison };
