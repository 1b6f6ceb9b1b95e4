/**
 * What a workload is: traffic against a server for one phase (one life of the server), recorded in a history, until `isEnough` says so or the
 * server is gone. It may be run again after a fault and goes on where it was. The read-back comes after the last phase.
 */
import type { Operation } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";

export const workloadIds = ["publish-acked", "mixed", "sequence", "identified"] as const;
export type WorkloadId = (typeof workloadIds)[number];

export interface WorkloadOptions {
  readonly writers: number;
  /** Operations in flight for each writer. */
  readonly window: number;
  /** Bytes of payload. */
  readonly size: number;
  /** Stream and subject names begin with this: several workloads may share a server. */
  readonly prefix: string;
  readonly storage: string;
  readonly seed: number;
}

export interface PhaseContext {
  readonly url: string;
  readonly history: HistoryWriter;
  /** Told of every operation that the server said yes to, the moment its answer is read. */
  readonly answered: (op: Operation) => void;
  /** Asked before each operation; true ends the phase with all operations answered. */
  readonly isEnough: () => boolean;
  /** Fires when the server is being hurt: what is still in flight is then unknown. */
  readonly cut: AbortSignal;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface Workload {
  readonly streams: readonly string[];
  /** Makes the streams and consumers. Rejects when the server doesn't. */
  prepare(context: PhaseContext): Promise<void>;
  /** Resolves when it has had enough, when the server is gone, or when `cut` fires. */
  phase(context: PhaseContext): Promise<void>;
  /** Reads every stream and consumer to its end into the history. */
  readBack(context: PhaseContext): Promise<void>;
}
