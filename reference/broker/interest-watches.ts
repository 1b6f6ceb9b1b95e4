/**
 * Services that start and stop with somebody's interest in one literal subject. Only subscriptions to exactly this subject count, as on the
 * official server: a wildcard subscription gets what is published, but starts nothing. With a queue only the members of that queue count,
 * without one only plain subscriptions.
 */
import type { InterestWatch } from "./service.ts";
import { octetText } from "./subjects.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";

interface Watched {
  readonly queue: string | undefined;
  readonly changed: () => void;
  present: boolean;
}

export class InterestWatches {
  readonly #index: SubscriptionIndex;
  /** By pattern in latin1, as subscriptions have it. */
  readonly #watched = new Map<string, Set<Watched>>();

  constructor(index: SubscriptionIndex) {
    this.#index = index;
  }

  watch(subject: string, { queue, changed }: { queue: string | undefined; changed: () => void }): InterestWatch {
    const pattern = octetText(subject);
    const octetQueue = queue === undefined ? undefined : octetText(queue);
    const watched: Watched = { queue: octetQueue, changed, present: this.#index.hasExact(pattern, octetQueue) };
    const all = this.#watched.get(pattern) ?? new Set();
    this.#watched.set(pattern, all.add(watched));
    return {
      get present() {
        return watched.present;
      },
      end: () => {
        all.delete(watched);
        if (all.size === 0 && this.#watched.get(pattern) === all) {
          this.#watched.delete(pattern);
        }
      },
    };
  }

  /** A subscription to this pattern came or went. */
  subscriptionsChanged(pattern: string): void {
    if (this.#watched.size === 0) {
      return;
    }
    for (const watched of this.#watched.get(pattern) ?? []) {
      const present = this.#index.hasExact(pattern, watched.queue);
      if (present !== watched.present) {
        watched.present = present;
        watched.changed();
      }
    }
  }
}
