/**
 * What the log says twice: how far each stream's sequences go. A message whose header is damaged can't tell its own sequence, and when it
 * was the newest of its stream nothing behind it tells either; without this its sequence would be given to another message.
 *
 * - The header of every batch names one stream that took a sequence in it, or in the one before, and its last sequence; so does an empty
 *   batch that only carries a mark. That costs nothing, and a batch of one stream needs no more.
 * - A batch with sequences of several streams holds a record of those that its header does not name.
 */
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { type RecordInput, type RecordReader, recordKind } from "./record.ts";

export interface LastSequence {
  readonly stream: number;
  readonly sequence: number;
}

/** A stream as far as this goes. */
export interface SequencedStream {
  readonly id: number;
  readonly index: { readonly last: number };
}

const twoTo32 = 0x1_0000_0000;

/** The last two words in the payload of a batch header. */
export function lastSequenceWords(stream: SequencedStream | undefined): readonly [number, number] {
  const last = stream?.index.last ?? 0;
  return [last >>> 0, Math.floor(last / twoTo32)];
}

/** What a batch header says; stream 0 when it says nothing. */
export function lastSequenceIn(header: RecordReader): LastSequence {
  return { stream: header.stream, sequence: header.payloadWord(2) + header.payloadWord(3) * twoTo32 };
}

export function lastSequencesRecord(streams: Iterable<SequencedStream>): RecordInput {
  const writer = new ByteWriter();
  for (const { id, index } of streams) {
    writer.number(id);
    writer.number(index.last);
  }
  return { kind: recordKind.lastSequences, stream: 0, sequence: 0, timeNs: 0n, payload: writer.finish() };
}

export function* readLastSequences(record: RecordReader): Iterable<LastSequence> {
  const reader = new ByteReader(record.payload);
  while (!reader.done) {
    yield { stream: reader.number(), sequence: reader.number() };
  }
}
