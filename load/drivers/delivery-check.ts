/**
 * The account of one reader: every delivered message is one of ours, in order, once. Reads the stamp that the publisher put into each
 * payload; makes no object per message.
 */
import type { MessageFrame } from "../../wire/parser.ts";
import { SequenceCheck } from "../engine/accounting.ts";
import { stampBytes } from "./publisher.ts";

export interface DeliveryCheckOptions {
  /** Stamps of other runs are foreign messages. */
  readonly run: number;
  /** Sequences at or above it were never published: asked for at each message. */
  readonly publishedCount: () => number;
}

export class DeliveryCheck {
  delivered = 0;
  duplicated = 0;
  outOfOrder = 0;
  lost = 0;
  readonly errors = new Map<string, number>();
  readonly #options: DeliveryCheckOptions;
  #sequences = new SequenceCheck();

  constructor(options: DeliveryCheckOptions) {
    this.#options = options;
  }

  /** False for a message that is none of ours; it is counted as an error. */
  take(frame: MessageFrame): boolean {
    const { bytes, payloadStart, payloadEnd } = frame;
    if (payloadEnd - payloadStart < stampBytes || bytes.readUInt32LE(payloadStart) !== this.#options.run) {
      this.addError("foreign-message");
      return false;
    }
    const sequence = bytes.readUInt32LE(payloadStart + 4);
    if (sequence >= this.#options.publishedCount()) {
      this.addError("foreign-message");
      return false;
    }
    this.delivered++;
    this.#sequences.see(sequence);
    return true;
  }

  /** Closes the account of the pass under way: holes below the highest delivered sequence are losses. */
  finish(): void {
    this.duplicated += this.#sequences.duplicated;
    this.outOfOrder += this.#sequences.outOfOrder;
    this.lost += this.#sequences.missing;
    this.#sequences = new SequenceCheck();
  }

  get errorCount(): number {
    return this.errors.values().reduce((sum, count) => sum + count, 0);
  }

  addError(kind: string): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }
}
