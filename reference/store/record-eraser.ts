/**
 * Overwrites the headers and payload of removed messages with zeros, in memory and in the file. A record keeps its length, its subject and
 * its message id, is flagged as erased and sealed again, so that its neighbours never notice.
 *
 * An overwrite can be torn, and then nothing in the record can be trusted but its header. So the id of a message, which still has to be
 * known when the message is gone, is written down once more with the removal, before anything is overwritten.
 */
import type { Disk } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import type { CommitLog } from "./commit-log.ts";
import type { LogReader } from "./log-reader.ts";
import { RecordReader, recordFlag, recordHeader, recordKind, recordTrailer } from "./record.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";

/** A message to overwrite, and where it lies. */
export interface Erasure {
  readonly stream: number;
  readonly sequence: number;
  readonly segment: number;
  readonly offset: number;
}

/** The messages that wait for their removal to be durable. */
export class Erasures {
  readonly #log: CommitLog;
  readonly #reader: LogReader;
  /** Told at once: the message may be about to be copied. */
  readonly #noticed: (erasure: Erasure) => void;
  #waiting: Erasure[] = [];
  /** How many of them have their id written down. */
  #kept = 0;

  constructor(log: CommitLog, reader: LogReader, noticed: (erasure: Erasure) => void) {
    this.#log = log;
    this.#reader = reader;
    this.#noticed = noticed;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(erasure: Erasure): void {
    this.#waiting.push(erasure);
    this.#noticed(erasure);
  }

  /** A record moved before it was durable. */
  moved(move: { readonly stream: number; readonly sequence: number; readonly to: Segment; readonly offset: number }): void {
    const at = this.#waiting.findIndex(({ stream, sequence }) => stream === move.stream && sequence === move.sequence);
    if (at >= 0) {
      this.#waiting[at] = { stream: move.stream, sequence: move.sequence, segment: move.to.id, offset: move.offset };
    }
  }

  /** Writes the ids of what is going to be overwritten into the batch that removes it, for streams that keep ids at all. */
  keepIds(keepsIds: (stream: number) => boolean): void {
    for (; this.#kept < this.#waiting.length; this.#kept += 1) {
      const erasure = this.#waiting[this.#kept];
      const record = erasure === undefined || !keepsIds(erasure.stream) ? undefined : this.#recordOf(erasure)?.record;
      if (record?.messageId !== undefined) {
        const { stream, sequence, timeNs } = record;
        // A copy: the record may lie in the very memory that the log's next segment takes over.
        this.#log.append({ kind: recordKind.messageId, stream, sequence, timeNs, messageId: record.messageId.slice() });
        this.#log.lastSegment?.noteId(stream, timeNs);
      }
    }
  }

  /** After the commit: a marker stands behind the removals first, so that a torn overwrite is never taken for the end of the log. */
  carryOut(): void {
    if (this.#waiting.length === 0) {
      return;
    }
    const erasures = this.#waiting;
    this.#waiting = [];
    this.#kept = 0;
    this.#log.sync();
    this.#log.writeMarker();
    const touched = new Set<Segment>();
    for (const erasure of erasures) {
      try {
        const found = this.#recordOf(erasure);
        if (found !== undefined) {
          eraseRecord(this.#reader, found.segment, erasure.offset);
          touched.add(found.segment);
        }
      } catch {
        this.#log.retireOpen();
      }
    }
    for (const segment of touched) {
      try {
        this.#reader.fileOf(segment).sync();
      } catch {
        // The removal itself is durable; a segment whose sync failed is not written to again.
        this.#log.retireOpen();
      }
      this.#reader.forget(segment);
    }
  }

  /** The message's record, undefined when it is not there any more or can't be read. */
  #recordOf({ stream, sequence, segment: id, offset }: Erasure): { segment: Segment; record: RecordReader } | undefined {
    const segment = this.#log.segments.get(id);
    const record = segment === undefined ? undefined : this.#reader.read(segment, offset);
    const isRight = record?.kind === recordKind.message && record.stream === stream && record.sequence === sequence;
    return segment === undefined || record === undefined || !isRight ? undefined : { segment, record };
  }
}

/** The record at `offset` is a message. */
function eraseRecord(reader: LogReader, segment: Segment, offset: number): void {
  const record = reader.read(segment, offset);
  if (record === undefined) {
    return;
  }
  const { memory, pointer, length } = record;
  memory.bytes.fill(0, record.headersStart, record.payloadStart + record.payloadLength);
  memory.bytes[pointer + 13] = record.flags | recordFlag.erased;
  memory.seal(pointer, length, segment.id, offset);
  reader.fileOf(segment).write(memory.bytes.subarray(pointer, pointer + length), offset);
}

/** Messages that nothing refers to. What fails leaves content behind, and no harm. */
export function eraseRecords(reader: LogReader, segment: Segment, offsets: readonly number[]): void {
  try {
    for (const offset of offsets) {
      eraseRecord(reader, segment, offset);
    }
    reader.fileOf(segment).sync();
  } catch {
    // The removal itself is durable, or going to be.
  }
  reader.forget(segment);
}

/** Finishes an overwrite that a power cut tore: the header of the removed message is sound, its body is not, and nobody needs it. */
export function finishErasure(disk: Disk, segment: Segment, damage: Damage): void {
  const memory = new LogMemory(damage.bytes);
  const record = new RecordReader(memory).at(0);
  const file = disk.open(segment.path, "read-write");
  try {
    file.read(memory.bytes.subarray(0, damage.bytes), damage.offset);
    memory.bytes.fill(0, recordHeader + record.subjectLength, damage.bytes - recordTrailer);
    memory.bytes[13] = recordFlag.erased;
    memory.seal(0, damage.bytes, segment.id, damage.offset);
    file.write(memory.bytes.subarray(0, damage.bytes), damage.offset);
    file.sync();
  } finally {
    file.close();
  }
}
