/**
 * Writes one sorted file: a header, who its streams are, copies of their messages, an index footer.
 *
 *    sorted file = segment header, (stream identity | message | message id) …, footer, footer end        no batches: it is whole or not there
 *
 * It has another name until all of it is synced and `publish` gives it its own; a process that dies before leaves nothing but that other name.
 */
import type { Disk, DiskFile } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import { inputLength, type RecordInput, RecordReader, recordKind, writeRecord } from "./record.ts";
import { Segment, segmentName } from "./segment.ts";
import { FooterWriter } from "./segment-footer.ts";
import { storeFormat } from "./store-format.ts";

const memoryBytes = 64 * 1024;
const flushedAtBytes = 128 * 1024;

/** A record that was copied: where it was, and where it is now. */
export interface MovedRecord {
  readonly stream: number;
  readonly sequence: number;
  readonly from: Segment;
  readonly fromOffset: number;
  readonly offset: number;
}

export class SortedFileWriter {
  readonly id: number;
  readonly moved: MovedRecord[] = [];
  readonly #disk: Disk;
  readonly #directory: string;
  /** Undefined when it was published or discarded. */
  #file: DiskFile | undefined;
  readonly #footer = new FooterWriter();
  readonly #identified = new Set<number>();
  #memory = new LogMemory(memoryBytes);
  #reader = new RecordReader(this.#memory);
  /** Bytes in memory that are not in the file yet, and where in the file they begin. */
  #filled = 0;
  #start = 0;

  constructor({ disk, directory, id, timeNs }: { disk: Disk; directory: string; id: number; timeNs: bigint }) {
    this.#disk = disk;
    this.#directory = directory;
    this.id = id;
    this.#file = disk.open(this.#temporary, "create-or-open");
    // A process that died may have left one.
    this.#file.truncate(0);
    const payload = new Uint8Array(Uint32Array.of(storeFormat, 0, 0, 0).buffer);
    this.#append({ kind: recordKind.segment, stream: 0, sequence: 0, timeNs, payload });
  }

  /** Of the content so far. */
  get bytes(): number {
    return this.#start + this.#filled;
  }

  get isMemoryFull(): boolean {
    return this.#filled >= flushedAtBytes;
  }

  /** A message, or the id of one. */
  copy(record: RecordReader, stream: FileStoredStream, from: Segment, fromOffset: number): void {
    this.#identify(stream);
    const { length, sequence, kind } = record;
    this.#makeRoom(length);
    const offset = this.bytes;
    this.#memory.bytes.set(record.memory.bytes.subarray(record.pointer, record.pointer + length), this.#filled);
    this.#memory.seal(this.#filled, length, this.id, offset);
    this.#footer.add(this.#reader.at(this.#filled), offset);
    this.#filled += length;
    if (kind === recordKind.message) {
      this.moved.push({ stream: stream.id, sequence, from, fromOffset, offset });
    }
  }

  /** The id of a message that is gone. */
  copyId({ sequence, timeNs, messageId }: RecordReader, stream: FileStoredStream): void {
    this.#identify(stream);
    const offset = this.bytes;
    this.#append({ kind: recordKind.messageId, stream: stream.id, sequence, timeNs, messageId: messageId?.slice() });
    this.#footer.add(this.#reader.at(offset - this.#start), offset);
  }

  /** To the disk at once, because a later sync of much would make commits wait behind it. */
  async flush(): Promise<void> {
    if (this.#filled > 0) {
      await this.#write(this.#memory.bytes.subarray(0, this.#filled), this.#start);
      this.#start += this.#filled;
      this.#filled = 0;
    }
  }

  /** The last write. What it returns is the file as the store knows it; it still has its other name. */
  async finish(): Promise<Segment> {
    await this.flush();
    const end = this.#start;
    const footer = this.#footer.finish(this.id, end, (bytes) => new LogMemory(bytes));
    await this.#write(footer, end);
    const nowhere = { segment: 0, offset: 0 };
    const segment = new Segment({ id: this.id, directory: this.#directory, capacity: end + footer.length, previous: nowhere });
    segment.endAt(end);
    segment.hasFooter = true;
    for (const { id, newestIdNs } of this.#footer.streams) {
      if (newestIdNs > 0n) {
        segment.noteId(id, newestIdNs);
      }
    }
    return segment;
  }

  /** The caller syncs the directory. */
  publish({ path }: Segment): void {
    // Asked first: what is left of a process that is gone can't rename files of the next.
    this.#file?.size();
    this.#disk.rename(this.#temporary, path);
    this.#file?.close();
    this.#file = undefined;
  }

  /** It is not going to be used. */
  discard(): void {
    if (this.#file === undefined) {
      return;
    }
    try {
      this.#file.size();
      this.#disk.unlink(this.#temporary);
    } catch {
      // It goes at the next opening.
    }
    this.#file.close();
    this.#file = undefined;
  }

  get #temporary(): string {
    return `${this.#directory}/${segmentName(this.id)}.new`;
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#file?.writeAsync(bytes, position);
    await this.#file?.syncAsync();
  }

  #identify({ id, messages }: FileStoredStream): void {
    if (this.#identified.has(id)) {
      return;
    }
    this.#identified.add(id);
    this.#append(messages.identity(recordKind.streamIdentity));
  }

  #append(input: RecordInput): void {
    const length = inputLength(input);
    this.#makeRoom(length);
    writeRecord(this.#memory, this.#filled - this.bytes, this.id, this.bytes, input);
    this.#filled += length;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#filled + bytes;
    if (needed > this.#memory.bytes.length) {
      const larger = new LogMemory(needed * 2);
      larger.bytes.set(this.#memory.bytes.subarray(0, this.#filled));
      this.#memory = larger;
      this.#reader = new RecordReader(larger);
    }
  }
}
