/**
 * When and how the log is committed: blocking or in the background as the disk's speed says, synced when an interval is up, and marked
 * when nothing was committed for a while.
 */
import type { Clock, Timer } from "../ports.ts";
import type { CommitLog } from "./commit-log.ts";
import type { CommitPacing } from "./commit-pacing.ts";
import { StoreError } from "./store-error.ts";

export type SyncPolicy = "always" | { readonly intervalMs: number };

export interface CommitDriverParts {
  readonly log: CommitLog;
  readonly clock: Clock;
  readonly pacing: CommitPacing;
  readonly syncPolicy: SyncPolicy;
  /** Work in the background has ended, well or not: the turn has to end, because a commit may have waited for it. */
  readonly ended: () => void;
  /** Nothing was committed for a while, and the marker is written or on its way. */
  readonly idle: () => void;
}

const idleMs = 100;

export class CommitDriver {
  readonly #parts: CommitDriverParts;
  #syncTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  /** Grows with the traffic. */
  commits = 0;

  constructor(parts: CommitDriverParts) {
    this.#parts = parts;
  }

  /**
   * Commits what is pending. True: it is under way in the background, `durable` is called if it succeeds; false: it is done. Something
   * that has to follow at once makes it `blocking`.
   */
  commit({ blocking, durable }: { readonly blocking: boolean; readonly durable: () => void }): boolean {
    const { pacing } = this.#parts;
    this.commits += 1;
    this.#startTimers();
    if (!blocking && this.#isAlways && pacing.isInBackground) {
      return this.#commitLater(durable);
    }
    this.#commitNow();
    return false;
  }

  /** An idle store is one from the beginning. */
  begin(): void {
    this.#startTimers();
  }

  stop(): void {
    this.#syncTimer?.cancel();
    this.#idleTimer?.cancel();
  }

  get #isAlways(): boolean {
    return this.#parts.syncPolicy === "always";
  }

  #commitNow(): void {
    const { clock, log, pacing } = this.#parts;
    const bytes = log.pendingBytes;
    const begunMs = clock.nowMs();
    log.commit(this.#isAlways);
    if (this.#isAlways) {
      pacing.blocked(clock.nowMs() - begunMs, bytes);
    }
  }

  #commitLater(durable: () => void): boolean {
    const { clock, log, pacing, ended } = this.#parts;
    const bytes = log.pendingBytes;
    const begunMs = clock.nowMs();
    return log.commitLater((error) => {
      pacing.flew(clock.nowMs() - begunMs, bytes);
      if (error === undefined) {
        durable();
      }
      ended();
    });
  }

  #startTimers(): void {
    const { clock, log, syncPolicy, ended } = this.#parts;
    if (syncPolicy !== "always" && this.#syncTimer === undefined) {
      this.#syncTimer = clock.setTimer(syncPolicy.intervalMs, () => {
        this.#syncTimer = undefined;
        // However fast the disk is: what an interval wrote may take it a while. Commits wait for the end of it.
        attempt(() => void log.syncLater(ended));
      });
    }
    this.#idleTimer ??= clock.setTimer(idleMs, () => this.#idle(this.commits));
  }

  /** Between turns nothing is pending. A store that had no commit since the last look gets its marker. */
  #idle(commitsBefore: number): void {
    const { clock, log, pacing, ended, idle } = this.#parts;
    this.#idleTimer = undefined;
    if (this.commits !== commitsBefore || log.hasPending || log.isFlying) {
      this.#idleTimer = clock.setTimer(idleMs, () => this.#idle(this.commits));
      return;
    }
    if (this.#isAlways && pacing.isInBackground) {
      attempt(() => log.writeMarkerLater(ended));
    } else {
      attempt(() => log.writeMarker());
    }
    idle();
  }
}

/** Work of a timer: a failure is kept in the log and thrown by the next commit. */
export function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StoreError)) {
      throw error;
    }
  }
}
