/** The records that give a segment its shape, segment header and batch headers, and how records move past them to another segment. */
import { RecordReader, recordHeader, recordKind, recordTrailer, writeRecord } from "./record.ts";
import type { Segment } from "./segment.ts";

/** Segment header and batch header alike: a record with a payload of 16 bytes. */
export const frameRecord = recordHeader + 16 + recordTrailer;

export interface Frame {
  readonly offset: number;
  readonly kind: number;
  readonly words: readonly number[];
  readonly sequence: number;
  readonly stream: number;
  readonly timeNs: bigint;
}

/** A message's record moved before it was durable. */
export interface MovedMessage {
  readonly stream: number;
  readonly sequence: number;
  readonly from: Segment;
  readonly to: Segment;
  readonly offset: number;
}

export function writeFrame(segment: Segment, { offset, kind, words, sequence, stream, timeNs }: Frame): void {
  if (segment.memory === undefined) {
    throw new Error("the open segment has no memory");
  }
  const payload = new Uint8Array(Uint32Array.from(words).buffer);
  writeRecord(segment.memory, segment.base, segment.id, offset, { kind, stream, sequence, timeNs, payload });
}

/** Copies the records from `start` to the end of `from` behind the tail of `to`, sealed for their new place. */
export function moveRecords(
  { from, start, to }: { readonly from: Segment; readonly start: number; readonly to: Segment },
  moved: (move: MovedMessage) => void,
): void {
  if (from.memory === undefined || to.memory === undefined) {
    throw new Error("unsynced segments stay in memory");
  }
  const reader = new RecordReader(from.memory);
  let offset = start;
  while (offset < from.tail) {
    // The header of the batch being collected is not written yet; headers of earlier batches are dropped.
    const isHeader = offset === start || reader.at(from.base + offset).kind === recordKind.batch;
    const length = isHeader ? frameRecord : reader.at(from.base + offset).length;
    if (!isHeader && reader.kind !== recordKind.segment) {
      const target = to.base + to.tail;
      to.memory.bytes.set(from.memory.bytes.subarray(reader.pointer, reader.pointer + length), target);
      to.memory.seal(target, length, to.id, to.tail);
      if (reader.kind === recordKind.message) {
        moved({ stream: reader.stream, sequence: reader.sequence, from, to, offset: to.tail });
      }
      to.tail += length;
    }
    offset += length;
  }
  for (const [stream, timeNs] of from.newestIdNs) {
    to.noteId(stream, timeNs);
  }
}
