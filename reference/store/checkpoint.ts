/**
 * Checkpoints: everything the log says up to a position, except the messages themselves, which stay where they are. Two files take turns,
 * so that the older one is intact whatever happens to the newer; each is written aside, synced and renamed.
 *
 *    u32 magic | u32 length of the content | content, padded to 8 | u64 xxh64 over all of it
 *
 * The log is kept from the older checkpoint's position on. A deleted sequence is one that is neither stored nor lost: what a stream
 * should hold is therefore known, and a message that recovery does not find is damage.
 */
import type { Disk } from "../ports.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { LogMemory } from "./checksum.ts";
import type { AssetHistory } from "./file-stored-stream.ts";
import type { LogPosition } from "./segment.ts";
import { SequenceRuns } from "./sequence-runs.ts";

export const checkpointNames = ["checkpoint-a", "checkpoint-b"] as const;

const magic = 0x4b43_5053;
const format = 2;
const seed = 0x6370_6f69_6e74n;

export interface Checkpoint {
  readonly generation: number;
  readonly position: LogPosition;
  readonly nextBatch: number;
  readonly lastStream: number;
  /** Number of the next sorted file; numbers are never used again. */
  readonly nextSorted: number;
  /** Sorted files that held messages then. */
  readonly sorted: readonly number[];
  readonly streams: readonly CheckpointStream[];
}

export interface CheckpointStream {
  readonly id: number;
  readonly account: string;
  readonly name: string;
  readonly createdNs: bigint;
  readonly config: Uint8Array;
  readonly windowNs: bigint;
  /** Nothing below it is stored or lost; 0 for a stream that never held anything. */
  readonly floor: number;
  readonly last: number;
  readonly lastTimeNs: bigint;
  /** Between floor and last. */
  readonly deleted: SequenceRuns;
  readonly lastAsset: number;
  readonly assets: readonly ({ readonly id: number; readonly name: string } & AssetHistory)[];
}

export function writeCheckpoint(disk: Disk, directory: string, checkpoint: Checkpoint): void {
  const name = checkpointNames[checkpoint.generation % 2] ?? checkpointNames[0];
  const bytes = encodeCheckpoint(checkpoint);
  const file = disk.open(`${directory}/${name}.new`, "create-or-open");
  try {
    file.truncate(0);
    file.write(bytes, 0);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(`${directory}/${name}.new`, `${directory}/${name}`);
  disk.syncDirectory(directory);
}

/** What the two files say, newest first, and which of them can't be trusted. */
export function readCheckpoints(disk: Disk, directory: string): { checkpoints: Checkpoint[]; damaged: string[] } {
  const present = new Set(disk.list(directory).map((entry) => entry.name));
  const checkpoints: Checkpoint[] = [];
  const damaged: string[] = [];
  for (const name of checkpointNames) {
    if (!present.has(name)) {
      continue;
    }
    const checkpoint = readCheckpoint(disk, `${directory}/${name}`);
    if (checkpoint === undefined) {
      damaged.push(name);
    } else {
      checkpoints.push(checkpoint);
    }
  }
  return { checkpoints: checkpoints.sort((a, b) => b.generation - a.generation), damaged };
}

function readCheckpoint(disk: Disk, path: string): Checkpoint | undefined {
  const file = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(file.size());
    return file.read(bytes, 0) < bytes.length ? undefined : decodeCheckpoint(bytes);
  } catch {
    return undefined;
  } finally {
    file.close();
  }
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const writer = new ByteWriter();
  for (const value of [format, checkpoint.generation, checkpoint.position.segment, checkpoint.position.offset]) {
    writer.number(value);
  }
  writer.number(checkpoint.nextBatch);
  writer.number(checkpoint.lastStream);
  writer.number(checkpoint.nextSorted);
  writer.number(checkpoint.sorted.length);
  for (const id of checkpoint.sorted) {
    writer.number(id);
  }
  writer.number(checkpoint.streams.length);
  for (const stream of checkpoint.streams) {
    encodeStream(writer, stream);
  }
  return seal(writer.finish());
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  const content = open(bytes);
  if (content === undefined) {
    return undefined;
  }
  const reader = new ByteReader(content);
  const found = reader.number();
  if (found > format) {
    return undefined;
  }
  const generation = reader.number();
  const position = { segment: reader.number(), offset: reader.number() };
  const nextBatch = reader.number();
  const lastStream = reader.number();
  const nextSorted = found < 2 ? 1 : reader.number();
  const sorted = found < 2 ? [] : Array.from({ length: reader.number() }, () => reader.number());
  const streams = Array.from({ length: reader.number() }, () => decodeStream(reader));
  return { generation, position, nextBatch, lastStream, nextSorted, sorted, streams };
}

function encodeStream(writer: ByteWriter, stream: CheckpointStream): void {
  writer.number(stream.id);
  writer.text(stream.account);
  writer.text(stream.name);
  writer.time(stream.createdNs);
  writer.bytes(stream.config);
  writer.time(stream.windowNs);
  writer.number(stream.floor);
  writer.number(stream.last);
  writer.time(stream.lastTimeNs);
  stream.deleted.encode(writer);
  writer.number(stream.lastAsset);
  writer.number(stream.assets.length);
  for (const asset of stream.assets) {
    writer.number(asset.id);
    writer.text(asset.name);
    writer.number(asset.baseIs === "snapshot" ? 1 : 0);
    writer.bytes(asset.base);
    writer.number(asset.records.length);
    for (const record of asset.records) {
      writer.bytes(record);
    }
  }
}

function decodeStream(reader: ByteReader): CheckpointStream {
  return {
    id: reader.number(),
    account: reader.text(),
    name: reader.text(),
    createdNs: reader.time(),
    config: reader.bytes(),
    windowNs: reader.time(),
    floor: reader.number(),
    last: reader.number(),
    lastTimeNs: reader.time(),
    deleted: SequenceRuns.decode(reader),
    lastAsset: reader.number(),
    assets: Array.from({ length: reader.number() }, () => ({
      id: reader.number(),
      name: reader.text(),
      baseIs: reader.number() === 1 ? ("snapshot" as const) : ("definition" as const),
      base: reader.bytes(),
      records: Array.from({ length: reader.number() }, () => reader.bytes()),
    })),
  };
}

function seal(content: Uint8Array): Uint8Array {
  const length = 16 + ((content.length + 7) & ~7);
  const memory = new LogMemory(length);
  memory.words[0] = magic;
  memory.words[1] = content.length;
  memory.bytes.set(content, 8);
  memory.longs[length / 8 - 1] = BigInt.asIntN(64, memory.hash(0, length - 8, seed));
  return memory.bytes.slice(0, length);
}

function open(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 16 || bytes.length % 8 !== 0) {
    return undefined;
  }
  const memory = new LogMemory(bytes.length);
  memory.bytes.set(bytes);
  const content = memory.words[1] ?? 0;
  const complete = memory.words[0] === magic && 16 + ((content + 7) & ~7) === bytes.length;
  if (!complete || BigInt.asUintN(64, memory.longs[bytes.length / 8 - 1] ?? 0n) !== memory.hash(0, bytes.length - 8, seed)) {
    return undefined;
  }
  return memory.bytes.slice(8, 8 + content);
}
