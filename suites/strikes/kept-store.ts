/** A loaded store that many cycles damage, each anew: a copy of it, and the history that led to it. */
import type { HistoryEvent } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { copyStore, type StoreCopy } from "../../targets/faults/store-files.ts";
import type { Instance } from "../../targets/target.ts";
import type { Workload } from "../workloads/workload.ts";

export class KeptStore {
  #kept: { readonly copy: StoreCopy; readonly events: readonly HistoryEvent[]; readonly workload: Workload } | undefined;

  /** The workload that filled it; undefined as long as none did. */
  get workload(): Workload | undefined {
    return this.#kept?.workload;
  }

  /** Keeps the store of a server that is down. */
  async keep(instance: Instance, { history, workload }: { history: HistoryWriter; workload: Workload }): Promise<void> {
    this.#kept = { copy: await copyStore(instance), events: history.history().events, workload };
  }

  /** The store is what it was, and `history` what led to it. */
  async putBack(instance: Instance, history: HistoryWriter): Promise<void> {
    if (this.#kept === undefined) {
      throw new TypeError("no store was kept");
    }
    if (instance.pid !== undefined) {
      await instance.kill();
    }
    await this.#kept.copy.restore();
    // The first event names the run, which the new history has its own of.
    for (const { at: _at, ...event } of this.#kept.events.slice(1)) {
      history.append(event);
    }
  }

  async dispose(): Promise<void> {
    await this.#kept?.copy.dispose();
    this.#kept = undefined;
  }
}
