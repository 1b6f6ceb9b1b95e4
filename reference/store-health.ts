/**
 * What is wrong with a store that serves all the same: damage found when it was opened, messages found damaged since, checkpoints that
 * can't be written. Told in the log when it is found, and on the health page as long as it is true.
 */
import type { ServerLog } from "./server-log.ts";
import { damageText, rangesText } from "./store/damage-text.ts";
import type { FileStore } from "./store/file-store.ts";
import { type NamedDamage, rangesOf } from "./store/named-damage.ts";
import type { OpenedStore } from "./store/open-store.ts";

/** Served, but not whole. */
export interface Degradation {
  readonly reason: string;
  readonly details: readonly string[];
}

/** More would make a health page nobody reads; the log has them all. */
const detailsMax = 100;

export class StoreHealth {
  readonly #store: FileStore;
  readonly #log: ServerLog;
  /** Damage that opening did not repair, and what was found since. */
  readonly #found: string[];
  readonly #rebuilt: readonly string[];

  constructor({ store, report }: OpenedStore, log: ServerLog) {
    this.#store = store;
    this.#log = log;
    this.#found = report.named.filter(({ recovery }) => recovery !== "heals").map(damageText);
    this.#rebuilt = report.rebuilt;
    for (const damage of report.named) {
      log.warn(`  Store damage: ${damageText(damage)}`);
    }
    if (report.rebuilt.length > 0) {
      log.warn(`  Put together from their messages, because no checkpoint could be read: ${report.rebuilt.join(", ")}`);
    }
    store.onLost = ({ account, stream, sequence }) => log.error(`Message ${sequence} of '${account} > ${stream}' is damaged and lost`);
    store.onFullChange = (isFull) =>
      isFull
        ? log.error("The disk is full: new messages are refused until space returns; deletes and acknowledgements go on")
        : log.info("The disk has space again: messages are accepted");
    store.onCheckpointFailure = (error) => log.warn(`A checkpoint of the store can't be written, its log grows: ${textOf(error)}`);
  }

  /** Found since the store was opened. */
  found(damage: NamedDamage): void {
    this.#log.warn(`Store damage: ${damageText(damage)}`);
    if (damage.recovery !== "heals") {
      this.#found.push(damageText(damage));
    }
  }

  /** Forgiven losses are no trouble any more; what was found on opening stays until a restart. */
  get degradation(): Degradation | undefined {
    const lost = [...this.#store.streams.values()]
      .map(({ messages }) => ({ name: `${messages.account} > ${messages.name}`, ranges: rangesOf(messages.lostSequences()) }))
      .filter(({ ranges }) => ranges.length > 0);
    const reasons = [
      ...(this.#found.length > 0 ? [`JetStream store is damaged in ${this.#found.length} places`] : []),
      ...(lost.length > 0 ? [`lost messages: ${lost.map(({ name, ranges }) => `${name}: ${rangesText(ranges)}`).join("; ")}`] : []),
      ...(this.#rebuilt.length > 0 ? [`put together from their messages: ${this.#rebuilt.join(", ")}`] : []),
      ...(this.#store.isFull ? ["the disk is full: new messages are refused"] : []),
      ...(this.#store.checkpointFailure === undefined ? [] : [`checkpoints can't be written: ${textOf(this.#store.checkpointFailure)}`]),
    ];
    return reasons.length === 0 ? undefined : { reason: reasons.join("; "), details: this.#found.slice(0, detailsMax) };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
