/** A file stream with its durable belongings: configuration, message-id window and assets (consumers). */
import type { CommitLog } from "./commit-log.ts";
import type { FileStream } from "./file-stream.ts";
import { recordKind } from "./record.ts";
import type { StoredAsset, StoredStream } from "./stream-store.ts";

const encoder = new TextEncoder();
const pendingMax = 64 * 1024;

export interface StoredStreamHost {
  readonly log: CommitLog;
  assetDirty(asset: FileAsset): void;
  deleted(stream: FileStoredStream): void;
}

export class FileStoredStream implements StoredStream {
  readonly messages: FileStream;
  readonly assets = new Map<number, FileAsset>();
  lastAsset = 0;
  isDeleted = false;
  readonly #host: StoredStreamHost;

  constructor(messages: FileStream, host: StoredStreamHost) {
    this.messages = messages;
    this.#host = host;
  }

  get id(): number {
    return this.messages.id;
  }

  updateConfig(config: Uint8Array): void {
    this.messages.config = config.slice();
    this.#host.log.append({ kind: recordKind.streamConfig, stream: this.id, sequence: 0, timeNs: 0n, payload: config });
  }

  setMessageIdWindow(windowNs: bigint): void {
    if (windowNs !== this.messages.messageIdWindowNs) {
      this.messages.messageIdWindowNs = windowNs;
      this.#host.log.append({ kind: recordKind.messageIdWindow, stream: this.id, sequence: 0, timeNs: windowNs });
    }
  }

  delete(): void {
    if (this.isDeleted) {
      return;
    }
    this.#host.log.append({ kind: recordKind.streamDelete, stream: this.id, sequence: 0, timeNs: 0n });
    this.isDeleted = true;
    this.messages.discard();
    this.#host.deleted(this);
  }

  createAsset(name: string, definition: Uint8Array): FileAsset {
    this.lastAsset += 1;
    const asset = this.adoptAsset(this.lastAsset, name, { base: definition.slice(), baseIs: "definition", records: [] });
    const subject = encoder.encode(name);
    this.#host.log.append({ kind: recordKind.assetCreate, stream: this.id, sequence: asset.id, timeNs: 0n, subject, payload: definition });
    return asset;
  }

  /** An asset that is already in the log. */
  adoptAsset(id: number, name: string, history: AssetHistory): FileAsset {
    const asset = new FileAsset(this, { id, name, history }, this.#host);
    this.assets.set(id, asset);
    return asset;
  }
}

/** What is known of an asset whose owner does not describe it: everything that was said about it. */
export interface AssetHistory {
  readonly base: Uint8Array;
  readonly baseIs: "definition" | "snapshot";
  readonly records: Uint8Array[];
}

export class FileAsset implements StoredAsset {
  readonly id: number;
  readonly name: string;
  readonly stream: FileStoredStream;
  readonly #host: StoredStreamHost;
  #history: AssetHistory | undefined;
  #describe: (() => Uint8Array) | undefined;
  /** Changes of this epoch, each after its length. */
  #pending = new Uint8Array(0);
  #pendingLength = 0;
  #deleted = false;

  constructor(stream: FileStoredStream, asset: { id: number; name: string; history: AssetHistory }, host: StoredStreamHost) {
    this.id = asset.id;
    this.name = asset.name;
    this.stream = stream;
    this.#history = asset.history;
    this.#host = host;
  }

  get snapshot(): () => Uint8Array {
    return this.#describe ?? (() => this.#history?.base ?? new Uint8Array(0));
  }

  /** From here on the owner describes the asset, and the store need not remember what it was told. */
  set snapshot(describe: () => Uint8Array) {
    this.#describe = describe;
    this.#history = undefined;
  }

  append(record: Uint8Array): void {
    if (this.#deleted || this.stream.isDeleted) {
      return;
    }
    if (this.#pendingLength > 0 && this.#pendingLength + record.length > pendingMax) {
      this.flush();
    }
    this.#history?.records.push(record.slice());
    this.#reserve(record.length + 4);
    const view = new DataView(this.#pending.buffer);
    view.setUint32(this.#pendingLength, record.length, true);
    this.#pending.set(record, this.#pendingLength + 4);
    this.#pendingLength += record.length + 4;
    this.#host.assetDirty(this);
  }

  /** All changes of the epoch become one record. */
  flush(): void {
    if (this.#pendingLength === 0 || this.#deleted || this.stream.isDeleted) {
      return;
    }
    const payload = this.#pending.subarray(0, this.#pendingLength);
    this.#host.log.append({ kind: recordKind.assetRecords, stream: this.stream.id, sequence: this.id, timeNs: 0n, payload });
    this.#pendingLength = 0;
  }

  delete(): void {
    if (this.#deleted || this.stream.isDeleted) {
      return;
    }
    this.#deleted = true;
    this.stream.assets.delete(this.id);
    this.#host.log.append({ kind: recordKind.assetDelete, stream: this.stream.id, sequence: this.id, timeNs: 0n });
  }

  /** The asset as a checkpoint keeps it. */
  history(): AssetHistory {
    if (this.#describe !== undefined) {
      return { base: this.#describe(), baseIs: "snapshot", records: [] };
    }
    return this.#history ?? { base: new Uint8Array(0), baseIs: "definition", records: [] };
  }

  #reserve(bytes: number): void {
    if (this.#pendingLength + bytes > this.#pending.length) {
      const larger = new Uint8Array(Math.max(256, this.#pendingLength + bytes, this.#pending.length * 2));
      larger.set(this.#pending);
      this.#pending = larger;
    }
  }
}
