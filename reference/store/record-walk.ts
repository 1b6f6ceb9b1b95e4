/** Reads a file's records in their order, a megabyte at a time, without holding up anybody: each piece is read in the background. */
import type { Disk, DiskFile } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import { RecordReader, recordHeader, recordTrailer } from "./record.ts";
import type { Segment } from "./segment.ts";

const pieceBytes = 1024 * 1024;

export interface WalkOptions {
  readonly disk: Disk;
  readonly segment: Segment;
  /** A record that is as it was sealed; the view is valid during the call. */
  readonly visit: (record: RecordReader, offset: number) => void;
  /** A record that is not; only its header can be trusted. False ends the walk. */
  readonly damaged: (record: RecordReader, offset: number) => boolean;
  /** After each piece of that many bytes. */
  readonly between: (bytes: number) => Promise<void>;
}

/** False when it could not be walked to its end. */
export async function walkRecords({ disk, segment, visit, damaged, between }: WalkOptions): Promise<boolean> {
  let record = new RecordReader(new LogMemory(Math.min(pieceBytes, Math.max(segment.tail, recordHeader))));
  const file = disk.open(segment.path, "read");
  try {
    let offset = 0;
    while (offset < segment.tail) {
      const filled = await readPiece(file, record, segment.tail, offset);
      let at = 0;
      while (at + recordHeader + recordTrailer <= filled) {
        record.at(at);
        if (!record.hasMagic || record.length % 8 !== 0 || !record.memory.headerIsSound(at, segment.id, offset + at)) {
          return false;
        }
        const { length } = record;
        if (at + length > filled) {
          break;
        }
        if (record.memory.isSound(at, length, segment.id, offset + at)) {
          visit(record, offset + at);
        } else if (!damaged(record, offset + at)) {
          return false;
        }
        at += length;
      }
      const needed = at === 0 && filled >= recordHeader ? record.at(0).length : 0;
      if (at === 0 && (needed <= record.memory.bytes.length || offset + needed > segment.tail)) {
        return false;
      }
      if (at === 0) {
        record = new RecordReader(new LogMemory(needed));
      }
      offset += at;
      await between(at);
    }
    return true;
  } finally {
    file.close();
  }
}

function readPiece(file: DiskFile, { memory }: RecordReader, tail: number, offset: number): Promise<number> {
  return file.readAsync(memory.bytes.subarray(0, Math.min(memory.bytes.length, tail - offset)), offset);
}
