/** What reads a stream, by pulling or by being pushed to: in passes over what is stored, or following the stream's end. */
import type { Connection } from "../../wire/connection.ts";
import type { DeliveryCheck, DeliveryCheckOptions } from "./delivery-check.ts";

export interface ReaderOptions extends DeliveryCheckOptions {
  readonly connection: Connection;
  readonly stream: string;
  /** Beginning of the consumers' names. */
  readonly consumer: string;
  /** Messages of one pass; undefined to follow the stream's end. */
  readonly passMessages: number | undefined;
}

/** Called for each message; one object, re-used. `intendedMs` and `sentMs` hold only when following. */
export type OnDelivery = (delivery: { intendedMs: number; sentMs: number; requestedMs: number; receivedMs: number }) => void;

export interface Reader {
  readonly check: DeliveryCheck;
  onDelivery: OnDelivery | undefined;
  /** Whether each message answers a request, so that there is a time to measure when nothing is published meanwhile. */
  readonly answersRequests: boolean;
  /** Rejects when a next consumer can't be made: the block has failed. */
  readonly failed: Promise<never>;
  /** What must be there before the clock runs. */
  prepare(): Promise<void>;
  start(): void;
  /** Asks for nothing more; what is under way still arrives. */
  stop(): void;
  /** After the drain: how many acknowledgements the server still has not taken. */
  unsettled(): Promise<number>;
}

/** A promise for what may go wrong beside the calls, and what rejects it. Nobody has to listen. */
export function failure(): [failed: Promise<never>, fail: (error: unknown) => void] {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  return [promise, reject];
}
