/**
 * The index footer of a segment from what the streams know of its messages, without reading it. That is possible as long as no message of the
 * segment was removed since it was written: a removal may be taken back by damage to its record, and then the footer has to know the message.
 */
import type { FileStoredStream } from "./file-stored-stream.ts";
import type { FileStream } from "./file-stream.ts";
import { chunkSequences, lostSubject, slotOf } from "./message-columns.ts";
import type { Segment } from "./segment.ts";
import { FooterWriter } from "./segment-footer.ts";

interface Found {
  readonly stream: FileStream;
  readonly sequences: number[];
}

const wordBytes = 8;

/** Remembers how far into each stream the segments before went; they are asked for in ascending order, mostly. */
export class IndexFooters {
  readonly #streams: ReadonlyMap<number, FileStoredStream>;
  readonly #begin = new WeakMap<FileStream, number>();

  constructor(streams: ReadonlyMap<number, FileStoredStream>) {
    this.#streams = streams;
  }

  /** Undefined when the streams don't know all that the segment holds. */
  of(segment: Segment): FooterWriter | undefined {
    if (segment.live !== segment.appended) {
      return undefined;
    }
    const found: Found[] = [];
    let count = 0;
    for (const { messages: stream } of this.#streams.values()) {
      const sequences = this.#sequencesIn(segment.id, stream);
      if (sequences.length > 0) {
        found.push({ stream, sequences });
        count += sequences.length;
      }
    }
    return count === segment.live ? writeFooter(segment, found, count) : undefined;
  }

  /** The stream's messages in the segment; it is left when the stream is seen to have gone on to a later one. */
  #sequencesIn(segment: number, stream: FileStream): number[] {
    const { columns, last } = stream.index;
    const sequences: number[] = [];
    let begin: number | undefined;
    if (stream.index.has(last) && stream.index.placeOf(last).place < segment) {
      return sequences;
    }
    for (let start = columns.skipGap(this.#begin.get(stream) ?? 0); start <= last; ) {
      const first = start - slotOf(start);
      const { place = [], subject = [] } = columns.chunkOf(start) ?? {};
      const before = sequences.length;
      for (let slot = 0; slot < place.length; slot += 1) {
        const number = subject[slot] ?? 0;
        if (place[slot] === segment && number !== 0 && number !== lostSubject) {
          sequences.push(first + slot);
        }
      }
      if (sequences.length > before) {
        begin ??= first;
      } else if (before > 0) {
        break;
      }
      start = columns.skipGap(first + chunkSequences);
    }
    if (begin !== undefined) {
      this.#begin.set(stream, begin);
    }
    return sequences;
  }
}

function writeFooter(segment: Segment, found: readonly Found[], count: number): FooterWriter {
  const footer = new FooterWriter();
  for (const [id, timeNs] of segment.newestIdNs) {
    footer.noteId(id, timeNs);
  }
  const numbers = found.map((): number[] => []);
  for (const [from, sequence] of inOrder(found, count)) {
    const stream = found[from]?.stream;
    if (stream === undefined) {
      continue;
    }
    const { index } = stream;
    const number = index.subjectNumber(sequence);
    const known = numbers[from] ?? [];
    known[number] ??= footer.subject(index.subjects.subjectAt(number)?.bytes ?? new Uint8Array(0));
    const { offset } = index.placeOf(sequence);
    const message = { sequence, subject: known[number], offset, length: 0, size: index.sizeOf(sequence), timeNs: index.timeOf(sequence) };
    footer.place({ stream: stream.id, ...message });
  }
  return footer;
}

/** Which stream and which sequence, as the messages lie in the file. One stream's lie in the order of its sequences. */
function* inOrder(found: readonly Found[], count: number): Iterable<readonly [from: number, sequence: number]> {
  const [only] = found;
  if (found.length === 1 && only !== undefined) {
    for (const sequence of only.sequences) {
      yield [0, sequence];
    }
    return;
  }
  const streamOf: number[] = [];
  const sequenceOf: number[] = [];
  const keys = new Float64Array(count);
  for (const [from, { stream, sequences }] of found.entries()) {
    for (const sequence of sequences) {
      // Offset and position in the lists in one number, which sorts without a function.
      keys[sequenceOf.length] = (stream.index.placeOf(sequence).offset / wordBytes) * 2 ** 24 + sequenceOf.length;
      streamOf.push(from);
      sequenceOf.push(sequence);
    }
  }
  for (const key of keys.sort()) {
    const at = key % 2 ** 24;
    yield [streamOf[at] ?? 0, sequenceOf[at] ?? 0];
  }
}
