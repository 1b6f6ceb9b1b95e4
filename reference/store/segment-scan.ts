/**
 * Reads one segment of the log after a restart and tells damage from a torn tail.
 *
 * Below `trusted` everything had been synced, so what is not sound there is damage: it is named, and every sound record around it is kept.
 * Above it the tail may be torn anywhere: the log ends at the first batch that is not whole, even when sound ones follow, because unsynced
 * writes reach the disk in any order and keeping a later one would keep an effect without its cause.
 */
import { frameRecord } from "./commit-log.ts";
import { RecordReader, recordHeader, recordKind, recordTrailer } from "./record.ts";
import type { LogPosition } from "./segment.ts";

export interface Damage {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  /** Known when the record's header is sound. */
  readonly kind?: number;
  readonly stream?: number;
  readonly sequence?: number;
}

export interface SegmentContent {
  readonly reader: RecordReader;
  readonly segment: number;
  /** Bytes in the file. */
  readonly length: number;
}

export interface SegmentHead {
  readonly format: number;
  /** Bits, see `store-format.ts`. */
  readonly features: number;
  readonly previous: LogPosition;
}

/** The segment header, undefined when it is not sound. */
export function readHead({ reader, segment, length }: SegmentContent): SegmentHead | undefined {
  reader.at(0);
  if (length < frameRecord || !recordIsSound({ reader, segment, length }, 0) || reader.kind !== recordKind.segment) {
    return undefined;
  }
  return {
    format: reader.payloadWord(0),
    features: reader.payloadWord(3),
    previous: { segment: reader.payloadWord(1), offset: reader.payloadWord(2) },
  };
}

/** Is there any whole batch in the segment? Without one nothing in it was ever committed. */
export function holdsBatch(content: SegmentContent): boolean {
  for (
    let offset = nextSound(content, 0, content.length);
    offset < content.length;
    offset = nextSound(content, offset + 8, content.length)
  ) {
    if (batchLength(content, offset) > 0) {
      return true;
    }
  }
  return false;
}

/** End of the last sound record. */
export function lastSoundEnd(content: SegmentContent): number {
  let end = 0;
  for (let offset = nextSound(content, 0, content.length); offset < content.length; ) {
    end = offset + content.reader.at(offset).length;
    offset = nextSound(content, end, content.length);
  }
  return end;
}

export interface ScanOptions {
  readonly content: SegmentContent;
  /** Everything below this was synced; undefined when only the marks in the segment can tell. */
  readonly trusted: number | undefined;
  /** At least this much was synced, whatever the marks say (the position of a checkpoint). */
  readonly syncedAtLeast: number;
  /** The record that the content's reader stands on. */
  readonly apply: (offset: number) => void;
  /** The header of a batch, before its records; in the midst of damage it may stand alone. */
  readonly framed?: ((offset: number) => void) | undefined;
  readonly damaged: (damage: Damage) => void;
}

/** Where the log ends in the segment, and the highest number of a batch in it. */
export function scanSegment(options: ScanOptions): { end: number; lastBatch: number } {
  const { content } = options;
  const { reader } = content;
  let trusted = options.trusted;
  let lastBatch = 0;
  let offset = 0;
  if (recordIsSound(content, 0) && reader.at(0).kind === recordKind.segment) {
    offset = reader.length;
  }
  const limit = Math.min(trusted ?? content.length, content.length);
  while (offset < limit) {
    const length = batchLength(content, offset);
    if (length > 0 && offset + length <= limit) {
      lastBatch = Math.max(lastBatch, reader.at(offset).sequence);
      applyBatch(options, offset, length);
      offset += length;
      continue;
    }
    trusted ??= Math.max(options.syncedAtLeast, highestMark(content, offset));
    if (offset >= trusted) {
      break;
    }
    offset = salvage(options, offset, trusted);
  }
  return { end: offset, lastBatch };
}

function applyBatch({ content, apply, framed }: ScanOptions, start: number, length: number): void {
  framed?.(start);
  let offset = start + frameRecord;
  while (offset < start + length) {
    const record = content.reader.at(offset).length;
    apply(offset);
    offset += record;
  }
}

/** One step through damage: applies a sound record, names an unsound one, or searches for the next. Returns where to go on. */
function salvage({ content, apply, framed, damaged }: ScanOptions, offset: number, trusted: number): number {
  const { reader, segment } = content;
  if (headerIsSound(content, offset)) {
    const { length, kind, stream, sequence } = reader.at(offset);
    if (!recordIsSound(content, offset)) {
      damaged({ segment, offset, bytes: length, kind, stream, sequence });
    } else if (kind === recordKind.batch) {
      framed?.(offset);
    } else if (kind !== recordKind.segment) {
      reader.at(offset);
      apply(offset);
    }
    return offset + length;
  }
  const next = nextHeader(content, offset + 8, trusted);
  damaged({ segment, offset, bytes: next - offset });
  return next;
}

/** Length of the batch that begins at `offset` when all of it is sound, 0 otherwise. */
function batchLength(content: SegmentContent, offset: number): number {
  const { reader } = content;
  if (!recordIsSound(content, offset) || reader.at(offset).kind !== recordKind.batch) {
    return 0;
  }
  const length = reader.payloadWord(1);
  const end = offset + length;
  let at = offset + frameRecord;
  while (at < end && recordIsSound(content, at)) {
    at += reader.at(at).length;
  }
  return at === end && end <= content.length ? length : 0;
}

function highestMark(content: SegmentContent, from: number): number {
  const { reader } = content;
  let mark = 0;
  for (let offset = nextSound(content, from, content.length); offset < content.length; ) {
    if (reader.at(offset).kind === recordKind.batch) {
      mark = Math.max(mark, reader.payloadWord(0));
    }
    offset = nextSound(content, offset + reader.at(offset).length, content.length);
  }
  return mark;
}

function nextSound(content: SegmentContent, from: number, end: number): number {
  let offset = nextHeader(content, from, end);
  while (offset < end && !recordIsSound(content, offset)) {
    offset = nextHeader(content, offset + 8, end);
  }
  return offset;
}

function nextHeader(content: SegmentContent, from: number, end: number): number {
  let offset = from;
  while (offset < end && !headerIsSound(content, offset)) {
    offset += 8;
  }
  return Math.min(offset, end);
}

function headerIsSound({ reader, segment, length }: SegmentContent, offset: number): boolean {
  if (offset + recordHeader + recordTrailer > length || !reader.at(offset).hasMagic) {
    return false;
  }
  const size = reader.length;
  const plausible = size >= recordHeader + recordTrailer && size % 8 === 0 && offset + size <= length;
  return plausible && reader.memory.headerIsSound(offset, segment, offset);
}

function recordIsSound(content: SegmentContent, offset: number): boolean {
  return headerIsSound(content, offset) && content.reader.memory.isSound(offset, content.reader.length, content.segment, offset);
}
