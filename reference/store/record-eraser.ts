/**
 * Overwrites the headers and payload of a removed message with zeros, in memory and in the file. The record keeps its length, its subject
 * and its message id, is flagged as erased and sealed again, so that its neighbours never notice.
 */
import type { Disk } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import type { LogReader } from "./log-reader.ts";
import { RecordReader, recordFlag, recordHeader, recordKind, recordTrailer } from "./record.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";

/** False when the record is not there any more. */
export function eraseRecord(reader: LogReader, segment: Segment, offset: number): boolean {
  const record = reader.read(segment, offset);
  if (record === undefined || record.kind !== recordKind.message) {
    return false;
  }
  const { memory, pointer, length } = record;
  memory.bytes.fill(0, record.headersStart, record.payloadStart + record.payloadLength);
  memory.bytes[pointer + 13] = record.flags | recordFlag.erased;
  memory.seal(pointer, length, segment.id, offset);
  reader.fileOf(segment).write(memory.bytes.subarray(pointer, pointer + length), offset);
  return true;
}

/**
 * Finishes an overwrite that a power cut tore: the header of the removed message is sound, its body is not, and nobody needs it. A message
 * id in it can't be trusted and goes, too.
 */
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
