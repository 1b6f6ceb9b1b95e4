/**
 * The index footer of a segment from what the streams know of its messages, without reading it. That is possible as long as no message of the
 * segment was removed since it was written: a removal may be taken back by damage to its record, and then the footer has to know the message.
 */
import type { FileStoredStream } from "./file-stored-stream.ts";
import type { FileStream } from "./file-stream.ts";
import { chunkSequences, lostSubject, slotOf } from "./message-columns.ts";
import type { MessageIndex } from "./message-index.ts";
import type { Segment } from "./segment.ts";
import { type FooterMessage, FooterWriter } from "./segment-footer.ts";

interface Found {
  readonly stream: FileStream;
  readonly sequences: number[];
}

const nothing = new Uint8Array(0);
const wordBytes = 8;
/** Written without a pause. */
const pieceMessages = 4096;
/** More messages than any but a monstrous segment holds; with offsets in words it leaves a key below 2^53. */
const keyUnit = 2 ** 24;

/** Remembers how far into each stream the segments before went; they are asked for in ascending order, mostly. */
export class IndexFooters {
  readonly #streams: ReadonlyMap<number, FileStoredStream>;
  readonly #begin = new WeakMap<FileStream, number>();

  constructor(streams: ReadonlyMap<number, FileStoredStream>) {
    this.#streams = streams;
  }

  /** Undefined when the streams don't know all that the segment holds. `between` is awaited now and then; nothing may change meanwhile. */
  async of(segment: Segment, between: () => Promise<void>): Promise<FooterWriter | undefined> {
    if (segment.live !== segment.appended || segment.live >= keyUnit) {
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
    return count === segment.live ? await writeFooter(segment, { found, count }, between) : undefined;
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

async function writeFooter(
  segment: Segment,
  { found, count }: { readonly found: readonly Found[]; readonly count: number },
  between: () => Promise<void>,
): Promise<FooterWriter> {
  const footer = new FooterWriter();
  for (const [id, timeNs] of segment.newestIdNs) {
    footer.noteId(id, timeNs);
  }
  const parts = found.map((part) => new Part(part, footer));
  const [partOf, sequences, order] = inOrder(found, count);
  for (let done = 0; done < count; done += 1) {
    const at = (order[done] ?? 0) % keyUnit;
    parts[partOf[at] ?? 0]?.write(sequences[at] ?? 0);
    if (done % pieceMessages === pieceMessages - 1) {
      await between();
    }
  }
  return footer;
}

/** What a segment holds of one stream, on the way into the footer. A segment has tens of thousands of messages, so nothing is made for each. */
class Part {
  readonly #index: MessageIndex;
  readonly #footer: FooterWriter;
  /** The footer's number of each subject, plus 1. */
  readonly #subjects: Uint32Array;
  readonly #message: FooterMessage & { length: number };

  constructor({ stream: { id, index } }: Found, footer: FooterWriter) {
    this.#index = index;
    this.#footer = footer;
    this.#subjects = new Uint32Array(index.subjects.limit);
    this.#message = { stream: id, subject: 0, sequence: 0, offset: 0, size: 0, timeNs: 0n, length: 0 };
  }

  write(sequence: number): void {
    const chunk = this.#index.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    const message = this.#message;
    message.sequence = sequence;
    message.subject = this.#subject(chunk?.subject[slot] ?? 0);
    message.offset = chunk?.offset[slot] ?? 0;
    message.size = chunk?.size[slot] ?? 0;
    message.timeNs = chunk?.time[slot] ?? 0n;
    this.#footer.place(message);
  }

  #subject(number: number): number {
    const known = this.#subjects[number] ?? 0;
    if (known > 0) {
      return known - 1;
    }
    const claimed = this.#footer.subject(this.#index.subjects.subjectAt(number)?.bytes ?? nothing);
    this.#subjects[number] = claimed + 1;
    return claimed;
  }
}

/** Part and sequence of each message, and keys that sort, without a function, as the messages lie in the file: offset, then place in the two lists. */
function inOrder(found: readonly Found[], count: number): readonly [partOf: Uint32Array, sequences: Float64Array, order: Float64Array] {
  const partOf = new Uint32Array(count);
  const sequences = new Float64Array(count);
  const keys = new Float64Array(count);
  let at = 0;
  for (const [part, { stream, sequences: ofStream }] of found.entries()) {
    for (const sequence of ofStream) {
      keys[at] = (stream.index.placeOf(sequence).offset / wordBytes) * keyUnit + at;
      partOf[at] = part;
      sequences[at] = sequence;
      at += 1;
    }
  }
  // One stream's lie in the order of their sequences.
  return [partOf, sequences, found.length > 1 ? keys.sort() : keys];
}
