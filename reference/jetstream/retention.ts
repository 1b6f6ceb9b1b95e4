/**
 * Removal by acknowledgement. A workqueue message goes when its consumer is done with it; under interest retention a message goes when no
 * attached consumer needs it any more.
 */
import type { StreamStore, SubjectFilter } from "../store/stream-store.ts";
import type { AttachedConsumer, Retention } from "./seams.ts";

/** The stream as retention sees it. */
export interface RetainingStream {
  readonly retention: Retention;
  readonly messages: StreamStore;
  readonly attached: readonly AttachedConsumer[];
  remove(sequence: number, options?: { except?: AttachedConsumer }): boolean;
}

export class InterestRetention {
  readonly #stream: RetainingStream;
  /** How far each consumer has acknowledged everything, so that a growing floor is walked once. */
  readonly #floors = new WeakMap<AttachedConsumer, number>();

  constructor(stream: RetainingStream) {
    this.#stream = stream;
  }

  acknowledged(consumer: AttachedConsumer, sequence: number): void {
    if (this.#stream.retention === "workqueue" || !this.#isNeededBeside(consumer, sequence)) {
      this.#stream.remove(sequence, { except: consumer });
    }
  }

  acknowledgedThrough(consumer: AttachedConsumer, sequence: number): void {
    const { messages } = this.#stream;
    const from = (this.#floors.get(consumer) ?? 0) + 1;
    for (let next = messages.nextMatching(consumer.filter, from); next !== 0 && next <= sequence; ) {
      this.acknowledged(consumer, next);
      next = messages.nextMatching(consumer.filter, next + 1);
    }
    this.#floors.set(consumer, Math.max(from - 1, sequence));
  }

  /** Drops the messages matching `filter` that no consumer needs. */
  release(filter: SubjectFilter): void {
    const { messages } = this.#stream;
    for (let next = messages.nextMatching(filter, 1); next !== 0; next = messages.nextMatching(filter, next + 1)) {
      if (!this.#isNeededBeside(undefined, next)) {
        this.#stream.remove(next);
      }
    }
  }

  #isNeededBeside(consumer: AttachedConsumer | undefined, sequence: number): boolean {
    const subject = this.#stream.messages.subjectOf(sequence);
    return subject !== undefined && this.#stream.attached.some((other) => other !== consumer && other.needs(sequence, subject));
  }
}
