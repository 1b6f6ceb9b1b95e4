/**
 * What the log says, record by record: the streams as they come to be while recovery reads. Records before the checkpoint's position
 * count only as bodies of messages that the checkpoint says are stored; everything else of them is in the checkpoint already.
 */
import { ByteReader } from "./byte-codec.ts";
import type { Checkpoint, CheckpointStream } from "./checkpoint.ts";
import { recordSurplus } from "./compaction-policy.ts";
import type { AssetHistory, FileStoredStream } from "./file-stored-stream.ts";
import { accountedSize } from "./file-stream.ts";
import { type FoundMessage, IndexRestore } from "./index-restore.ts";
import { type LastSequence, lastSequenceIn, readLastSequences } from "./last-sequences.ts";
import { type RecordReader, recordFlag, recordKind } from "./record.ts";
import type { Segment } from "./segment.ts";
import type { Footer, FooterStream } from "./segment-footer.ts";
import { SequenceRuns } from "./sequence-runs.ts";
import type { StreamDefinition } from "./stream-store.ts";

const decoder = new TextDecoder();
const none = new Uint32Array(0);
const headerOnly: ReadonlySet<number> = new Set([
  recordKind.skip,
  recordKind.floor,
  recordKind.streamDelete,
  recordKind.messageIdWindow,
  recordKind.assetDelete,
]);

export interface RecoveringStream {
  readonly stored: FileStoredStream;
  readonly restore: IndexRestore;
  readonly firstSequence: number;
  /** Deleted sequences according to the checkpoint; undefined for a stream that is younger. */
  readonly deleted: SequenceRuns | undefined;
  /** Where the checkpoint left it; records before the position may only fill in what is below. */
  readonly checkpointLast: number;
  readonly assets: Map<number, { readonly name: string } & AssetHistory>;
  /** Known from its messages only: which of its sequences were deleted is not known, so none is called lost. */
  readonly rebuilt: boolean;
  readonly messageIds: { readonly id: string; readonly sequence: number; readonly timeNs: bigint }[];
}

export interface RecoveryHost {
  readonly nowNs: bigint;
  newStream(id: number, definition: StreamDefinition): FileStoredStream;
}

export class RecoveryState {
  readonly streams = new Map<number, RecoveringStream>();
  lastStream = 0;
  records = 0;
  /** Streams known only from their messages, because no checkpoint was readable and the beginning of the log is gone. */
  readonly rebuilt: string[] = [];
  /** Does the log, with the checkpoint, go back to the beginning? */
  isWhole = true;
  /** Used for each message. */
  readonly found: FoundMessage = { sequence: 0, subject: 0, size: 0, timeNs: 0n, place: 0, offset: 0 };
  readonly #host: RecoveryHost;
  #before: boolean;
  /** What the header of the batch says that is being read. */
  #batch: LastSequence = { stream: 0, sequence: 0 };

  constructor(host: RecoveryHost, checkpoint: Checkpoint | undefined) {
    this.#host = host;
    this.#before = checkpoint !== undefined;
    this.lastStream = checkpoint?.lastStream ?? 0;
    for (const stream of checkpoint?.streams ?? []) {
      this.#adopt(stream);
    }
  }

  /** From here on every record counts. What the checkpoint expects and the log did not hold is lost. */
  passCheckpoint(): void {
    if (!this.#before) {
      return;
    }
    this.#before = false;
    for (const { restore, deleted } of this.streams.values()) {
      let expected = Math.max(1, restore.floor);
      const holes = [...(deleted?.runs() ?? []), [restore.last + 1, restore.last + 1] as const];
      for (const [start, end] of holes) {
        for (; expected < start; expected += 1) {
          if (!restore.isStored(expected)) {
            restore.markLost(expected);
          }
        }
        expected = end;
      }
    }
  }

  /**
   * The header of a batch says how far a stream goes in it. That is looked at when its messages were read, and before its removals, which
   * may take one that was not found.
   */
  enterBatch(header: RecordReader): void {
    this.leaveBatch();
    this.#batch = this.#before ? this.#batch : lastSequenceIn(header);
  }

  leaveBatch(): void {
    const { stream, sequence } = this.#batch;
    this.streams.get(stream)?.restore.reach(sequence);
    this.#batch = { stream: 0, sequence: 0 };
  }

  apply(record: RecordReader, segment: Segment, offset: number): void {
    this.records += 1;
    const stream = this.streams.get(record.stream);
    if (record.kind === recordKind.message && stream !== undefined) {
      this.#message(stream, record, segment, offset);
    } else if (record.kind === recordKind.messageId && stream !== undefined) {
      this.#noteId(stream, record, segment);
    } else if (!this.#before) {
      this.#change(stream, record);
    }
  }

  /** The messages of a file, as its footer tells of them; only before the checkpoint, where nothing else of it counts. */
  applyFooter(footer: Footer, segment: Segment): void {
    const { found } = this;
    const streams = footer.streams.map(({ id }) => this.streams.get(id));
    // Numbers of the footer's subjects in the table of each stream, as far as they are known.
    const numbers = streams.map((stream) => new Uint32Array(stream === undefined ? 0 : footer.subjectCount));
    found.place = segment.id;
    footer.forEach((message) => {
      const stream = streams[message.stream];
      const { sequence } = message;
      segment.sortedBytes += message.size + recordSurplus;
      if (stream === undefined || sequence > stream.checkpointLast || stream.deleted?.includes(sequence) === true) {
        return;
      }
      const known = numbers[message.stream] ?? none;
      found.subject = known[message.subject] || (known[message.subject] = footer.subjectIn(stream.restore, message.subject));
      found.sequence = sequence;
      found.size = message.size;
      found.timeNs = message.timeNs;
      found.offset = message.offset;
      stream.restore.place(found);
    });
    this.records += footer.count;
  }

  /** Only bodies of stored messages count. */
  get isBeforeCheckpoint(): boolean {
    return this.#before;
  }

  /** Does a file whose footer that is have to be read? After the checkpoint everything counts, and ids inside their window are in the records. */
  needsRecords(footer: Footer): boolean {
    const isInside = ({ id, newestIdNs }: FooterStream): boolean => {
      const windowNs = this.streams.get(id)?.stored.messages.messageIdWindowNs ?? 0n;
      return newestIdNs + windowNs > this.#host.nowNs;
    };
    return !this.#before || footer.streams.some(isInside);
  }

  /**
   * The record's body is damaged, its header is not. What is said in the header alone still counts, and a message that can't be read was
   * stored all the same: its sequence is used.
   */
  applyHeader(record: RecordReader): void {
    const stream = this.streams.get(record.stream);
    if (stream === undefined || this.#before) {
      return;
    }
    if (record.kind === recordKind.message) {
      stream.restore.lose(record.sequence, record.timeNs);
    } else if (headerOnly.has(record.kind)) {
      this.#change(stream, record);
    }
  }

  #message(stream: RecoveringStream, record: RecordReader, segment: Segment, offset: number): void {
    const { sequence, timeNs } = record;
    this.#noteId(stream, record, segment);
    if (this.#before && (sequence > stream.checkpointLast || stream.deleted?.includes(sequence) === true)) {
      return;
    }
    if ((record.flags & recordFlag.erased) !== 0) {
      if (!this.#before) {
        stream.restore.skip(sequence, timeNs);
      }
      return;
    }
    const { found } = this;
    found.sequence = sequence;
    found.subject = stream.restore.subject(record.memory.bytes, record.subjectStart, record.headersStart);
    found.size = accountedSize(record.subjectLength, record.headersLength, record.payloadLength);
    found.timeNs = timeNs;
    found.place = segment.id;
    found.offset = offset;
    stream.restore.place(found);
  }

  #noteId({ stored, messageIds }: RecoveringStream, record: RecordReader, segment: Segment): void {
    const id = record.messageId;
    const { timeNs } = record;
    if (id !== undefined && timeNs + stored.messages.messageIdWindowNs > this.#host.nowNs) {
      messageIds.push({ id: decoder.decode(id), sequence: record.sequence, timeNs });
      segment.noteId(stored.id, timeNs);
    }
  }

  #change(stream: RecoveringStream | undefined, record: RecordReader): void {
    if (record.kind === recordKind.streamCreate || record.kind === recordKind.streamIdentity) {
      if (stream === undefined) {
        this.#create(record);
      }
      return;
    }
    if (record.kind === recordKind.lastSequences) {
      for (const { stream: id, sequence } of readLastSequences(record)) {
        this.streams.get(id)?.restore.reach(sequence);
      }
      return;
    }
    if (stream === undefined) {
      return;
    }
    const { stored, restore } = stream;
    switch (record.kind) {
      case recordKind.skip:
        restore.skip(record.sequence, record.timeNs);
        return;
      case recordKind.floor:
        restore.raiseFloor(record.sequence);
        return;
      case recordKind.removals:
        this.leaveBatch();
        for (const [start, end] of SequenceRuns.decode(new ByteReader(record.payload)).runs()) {
          restore.dropRange(start, end);
        }
        return;
      case recordKind.streamConfig:
        stored.messages.config = record.payload.slice();
        return;
      case recordKind.streamDelete:
        this.streams.delete(stored.id);
        return;
      case recordKind.messageIdWindow:
        stored.messages.messageIdWindowNs = record.timeNs;
        return;
      default:
        this.#assetChange(stream, record);
    }
  }

  #assetChange({ stored, assets }: RecoveringStream, record: RecordReader): void {
    const id = record.sequence;
    if (record.kind === recordKind.assetCreate) {
      stored.lastAsset = Math.max(stored.lastAsset, id);
      assets.set(id, { name: decoder.decode(record.subject), base: record.payload.slice(), baseIs: "definition", records: [] });
    } else if (record.kind === recordKind.assetDelete) {
      assets.delete(id);
    } else if (record.kind === recordKind.assetRecords) {
      assets.get(id)?.records.push(...splitRecords(record.payload));
    }
  }

  #create(record: RecordReader): void {
    // In a whole log an identity alone means that the record which created the stream is damaged; nothing else is missing.
    const rebuilt = record.kind === recordKind.streamIdentity && !this.isWhole;
    const id = record.stream;
    const name = decoder.decode(record.subject);
    const first = record.sequence;
    this.lastStream = Math.max(this.lastStream, id);
    if (rebuilt) {
      this.rebuilt.push(name);
    }
    const stored = this.#host.newStream(id, {
      account: decoder.decode(record.headers),
      name,
      storage: "file",
      firstSequence: first,
      createdNs: record.timeNs,
      config: record.payload.slice(),
    });
    const restore = new IndexRestore(stored.messages.index, { floor: first === 1 ? 0 : first, last: first - 1, lastTimeNs: 0n });
    this.streams.set(id, {
      stored,
      restore,
      firstSequence: first,
      deleted: undefined,
      checkpointLast: 0,
      assets: new Map(),
      rebuilt,
      messageIds: [],
    });
  }

  #adopt(from: CheckpointStream): void {
    const { id, account, name, createdNs, config, floor, last, lastTimeNs, deleted } = from;
    const firstSequence = Math.max(1, floor);
    const stored = this.#host.newStream(id, { account, name, storage: "file", firstSequence, createdNs, config });
    stored.messages.messageIdWindowNs = from.windowNs;
    stored.lastAsset = from.lastAsset;
    const restore = new IndexRestore(stored.messages.index, { floor, last, lastTimeNs });
    const assets = new Map(from.assets.map((asset) => [asset.id, asset]));
    this.streams.set(id, { stored, restore, firstSequence, deleted, checkpointLast: last, assets, rebuilt: false, messageIds: [] });
  }
}

function splitRecords(payload: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = 0; at < payload.length; ) {
    const length = view.getUint32(at, true);
    records.push(payload.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}
