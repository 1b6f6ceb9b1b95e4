/** The store of a server without a directory: memory streams only. Every change needs no disk, so each epoch is durable at once. */
import { MemoryStoredStream } from "./memory-asset.ts";
import { StoreError } from "./store-error.ts";
import type { Store, StoredStream, StreamDefinition } from "./stream-store.ts";

export function openMemoryOnlyStore(): Store {
  return new MemoryOnlyStore();
}

class MemoryOnlyStore implements Store {
  epoch = 1;
  durableEpoch = 0;
  onDurable: (() => void) | undefined;
  #lastStream = 0;
  #memoryBytes = 0;

  get usage(): { fileBytes: number; memoryBytes: number } {
    return { fileBytes: 0, memoryBytes: this.#memoryBytes };
  }

  commit(): void {
    this.durableEpoch = this.epoch;
    this.epoch += 1;
  }

  createStream(definition: StreamDefinition): StoredStream {
    if (definition.storage === "file") {
      throw new StoreError("no-directory", `stream "${definition.name}" asks for file storage, but the store has no directory`);
    }
    this.#lastStream += 1;
    return new MemoryStoredStream(this.#lastStream, definition, {
      accounted: (change) => {
        this.#memoryBytes += change;
      },
      deleted: () => {},
    });
  }

  async close(): Promise<void> {
    this.commit();
  }

  abandon(): void {
    // Nothing to drop: nothing was ever kept.
  }
}
