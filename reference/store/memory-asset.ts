/** Streams and assets that live only as long as the process: those of memory streams, and everything of a server without a directory. */
import { MemoryStream } from "./memory-stream.ts";
import type { StoredAsset, StoredStream, StreamDefinition } from "./stream-store.ts";

export class MemoryStoredStream implements StoredStream {
  readonly id: number;
  readonly messages: MemoryStream;
  #lastAsset = 0;
  readonly #deleted: () => void;

  constructor(id: number, definition: StreamDefinition, hooks: { accounted: (change: number) => void; deleted: () => void }) {
    this.id = id;
    this.#deleted = hooks.deleted;
    this.messages = new MemoryStream(hooks.accounted);
    this.messages.index.startAt(definition.firstSequence ?? 1);
  }

  updateConfig(): void {
    // The stream layer holds the configuration; nothing here outlives it.
  }

  setMessageIdWindow(): void {
    // Ids are only kept for restarts, and a memory stream does not survive one.
  }

  delete(): void {
    this.messages.discard();
    this.#deleted();
  }

  createAsset(name: string, definition: Uint8Array): StoredAsset {
    this.#lastAsset += 1;
    return new MemoryAsset(this.#lastAsset, name, definition);
  }
}

class MemoryAsset implements StoredAsset {
  readonly id: number;
  readonly name: string;
  snapshot: () => Uint8Array;

  constructor(id: number, name: string, definition: Uint8Array) {
    this.id = id;
    this.name = name;
    this.snapshot = () => definition;
  }

  append(): void {
    // Needs no disk.
  }

  delete(): void {
    // Needs no disk.
  }
}
