/** One kind of load in one model. The block drives it through its phases and asks what became of the messages. */
import type { Connection } from "../../wire/connection.ts";
import type { LoadProfile } from "../schema/profile.ts";
import type { Accounting } from "./accounting.ts";
import type { Clocks } from "./recorder.ts";

export interface Flow {
  /** What must be there before the clock runs. */
  prepare(): Promise<void>;
  start(): void;
  /** Begins nothing new; what is under way still arrives. */
  stop(): void;
  /** Gives up what was due and not sent; what is under way still arrives. */
  halt(): void;
  /** Operations begun and not ended, while running. In a closed model the window. */
  readonly inFlight: number;
  /** Nothing more can arrive. */
  readonly isDrained: boolean;
  /** Rejects when the flow can't go on. */
  readonly failed: Promise<never>;
  /** Operations that the server refused so far. */
  readonly errorCount: number;
  /** Acknowledgements of the reader that the server has not taken yet. */
  unsettled(): Promise<number>;
  account(accounting: Accounting): void;
}

export type Arrival = LoadProfile["arrivals"]["closed"] | LoadProfile["arrivals"]["open"];

export interface FlowContext {
  readonly connections: readonly Connection[];
  readonly recorder: Clocks;
  readonly stream: string;
  readonly subject: string;
  readonly payloadBytes: number;
  readonly messageIds: boolean;
  /** What `push` is not given for. */
  readonly pull: { readonly batch: number; readonly ack: "none" | "explicit" };
  readonly push: { readonly ordered: boolean } | undefined;
  readonly preload: number;
  readonly seed: number;
  readonly run: number;
}

/** For flows that never fail on their own. */
export function neverFails(): Promise<never> {
  return new Promise(() => undefined);
}
