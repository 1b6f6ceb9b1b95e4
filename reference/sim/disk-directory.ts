/**
 * A directory of the crashable disk: the names that processes see, those that a power cut leaves, and the changes between the two in
 * their order.
 */
import type { Random } from "../ports.ts";
import { FileState } from "./disk-file-state.ts";

export type Node = FileState | Directory;

export class Directory {
  readonly seen = new Map<string, Node>();
  durable = new Map<string, Node>();
  /** Changes of names since the last sync, in order. */
  pending: ((names: Map<string, Node>) => void)[] = [];

  change(apply: (names: Map<string, Node>) => void): void {
    apply(this.seen);
    this.pending.push(apply);
  }

  sync(): void {
    this.durable = new Map(this.seen);
    this.pending = [];
  }

  settle(keep: "nothing" | "everything" | "random", random: Random): void {
    const kept = keep === "everything" ? this.pending.length : keep === "nothing" ? 0 : random.below(this.pending.length + 1);
    for (const apply of this.pending.slice(0, kept)) {
      apply(this.durable);
    }
    this.pending = [];
    this.seen.clear();
    for (const [name, node] of this.durable) {
      this.seen.set(name, node);
    }
    for (const node of this.durable.values()) {
      node.settle(keep, random);
    }
  }
}
