/**
 * Saves messages from a segment that is sound in memory and not on the disk: their records are copied to the end of the log. Copying happens in an ordinary batch, so until it is durable the old records count, and afterwards the newer ones do.
 */
import type { CommitLog } from "./commit-log.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import type { LogReader } from "./log-reader.ts";
import { type RecordReader, recordKind } from "./record.ts";
import type { Segment } from "./segment.ts";

/** Moves the live messages of `segment`; false when a record could not be read and the segment stays. */
export function cleanSegment(
  segment: Segment,
  { log, reader, streams }: { log: CommitLog; reader: LogReader; streams: ReadonlyMap<number, FileStoredStream> },
): boolean {
  for (let offset = 0; offset < segment.tail && segment.live > 0; ) {
    const record = reader.read(segment, offset);
    if (record === undefined) {
      segment.damaged = true;
      return false;
    }
    offset += record.length;
    const index = streams.get(record.stream)?.messages.index;
    const { sequence, stream } = record;
    if (record.kind !== recordKind.message || index?.has(sequence) !== true) {
      continue;
    }
    const place = index.placeOf(sequence);
    if (place.place === segment.id && place.offset === offset - record.length) {
      copy(record, log);
      const target = log.lastSegment;
      const size = index.sizeOf(sequence);
      index.relocate(sequence, target?.id ?? 0, log.lastOffset);
      segment.releaseMessage(size);
      target?.holdMessage(size, stream);
    }
  }
  return true;
}

function copy(record: RecordReader, log: CommitLog): void {
  const { stream, sequence, timeNs } = record;
  // Copies: the record may lie in the very memory that the log's next segment takes over.
  const [subject, headers, payload] = [record.subject.slice(), record.headers.slice(), record.payload.slice()];
  log.append({ kind: recordKind.message, stream, sequence, timeNs, subject, headers, payload, messageId: record.messageId?.slice() });
}
