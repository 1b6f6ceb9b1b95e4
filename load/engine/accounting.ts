/**
 * What became of every message of a block. A performance figure counts only when nothing acknowledged was lost; who loses messages is fast
 * for a bad reason.
 */
import type { LoadBlock } from "../../evidence/results/schema.ts";

export class Accounting {
  published = 0;
  acknowledged = 0;
  stored = 0;
  delivered = 0;
  duplicated = 0;
  lost = 0;
  outOfOrder = 0;
  readonly #errors = new Map<string, number>();

  /** `kind`: an `err_code` of the server, or a word for what has none (`no-answer`). */
  addError(kind: string, count = 1): void {
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + count);
  }

  get errorCount(): number {
    return this.#errors.values().reduce((sum, count) => sum + count, 0);
  }

  toResult(): LoadBlock["accounting"] {
    return {
      published: this.published,
      acknowledged: this.acknowledged,
      stored: this.stored,
      delivered: this.delivered,
      duplicated: this.duplicated,
      lost: this.lost,
      outOfOrder: this.outOfOrder,
      errors: Object.fromEntries([...this.#errors].sort(([a], [b]) => a.localeCompare(b))),
    };
  }

  /** Why the block's figures do not count, in words; empty when they do. */
  problems(): string[] {
    const problems: string[] = [];
    if (this.lost > 0) {
      problems.push(`${this.lost} acknowledged messages were lost (${this.acknowledged} acknowledged, ${this.stored} stored)`);
    }
    if (this.duplicated > 0) {
      problems.push(`${this.duplicated} messages came twice`);
    }
    if (this.outOfOrder > 0) {
      problems.push(`${this.outOfOrder} messages came out of order`);
    }
    for (const [kind, count] of this.#errors) {
      problems.push(describeErrors(kind, count));
    }
    return problems;
  }
}

function describeErrors(kind: string, count: number): string {
  switch (kind) {
    case "no-answer":
      return `${count} publishes were never answered`;
    case "ack-not-taken":
      return `${count} delivered messages were acknowledged and are still pending`;
    default:
      return `${count} operations failed with error ${kind}`;
  }
}

/** Sequences 0, 1, 2, … as they arrive: which came twice, which late, which never. In order it costs one comparison. */
export class SequenceCheck {
  /** 1 where a hole is still open. */
  #open = new Uint8Array(0);
  /** Everything below has been seen. */
  #next = 0;
  #highest = -1;
  #holes = 0;
  duplicated = 0;
  outOfOrder = 0;

  see(sequence: number): void {
    if (sequence === this.#next && this.#holes === 0) {
      this.#next++;
      this.#highest = sequence;
      return;
    }
    this.#seeSlowly(sequence);
  }

  /** Sequences below the highest one seen that never came. */
  get missing(): number {
    return this.#holes;
  }

  get highest(): number {
    return this.#highest;
  }

  #seeSlowly(sequence: number): void {
    if (sequence > this.#highest) {
      for (let hole = this.#highest + 1; hole < sequence; hole++) {
        this.#mark(hole, 1);
        this.#holes++;
      }
      this.#highest = sequence;
      this.#next = sequence + 1;
      return;
    }
    if (this.#open[sequence] === 1) {
      this.#mark(sequence, 0);
      this.#holes--;
      this.outOfOrder++;
      return;
    }
    this.duplicated++;
  }

  /** 1 marks a hole. */
  #mark(sequence: number, value: 0 | 1): void {
    if (sequence >= this.#open.length) {
      const grown = new Uint8Array(Math.max(1024, sequence * 2));
      grown.set(this.#open);
      this.#open = grown;
    }
    this.#open[sequence] = value;
  }
}
