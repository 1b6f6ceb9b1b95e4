/** A file stream as a checkpoint keeps it: everything but the messages, and which sequences have none. */
import type { CheckpointStream } from "./checkpoint.ts";
import type { FileStoredStream } from "./file-stored-stream.ts";
import { chunkSequences, slotOf } from "./message-columns.ts";
import type { MessageIndex } from "./message-index.ts";
import { SequenceRuns } from "./sequence-runs.ts";

export function describeStream(stream: FileStoredStream): CheckpointStream {
  const { messages } = stream;
  const { index } = messages;
  const floor = floorOf(index);
  return {
    id: stream.id,
    account: messages.account,
    name: messages.name,
    createdNs: messages.createdNs,
    config: messages.config,
    windowNs: messages.messageIdWindowNs,
    floor,
    last: index.last,
    lastTimeNs: index.lastTimeNs,
    deleted: deletedRuns(index, floor),
    lastAsset: stream.lastAsset,
    assets: [...stream.assets.values()].map((asset) => ({ id: asset.id, name: asset.name, ...asset.history() })),
  };
}

/** A lost message below the first stored one still counts: nothing removed it. */
function floorOf(index: MessageIndex): number {
  for (const lost of index.lostSequences()) {
    return Math.min(lost, index.first);
  }
  return index.first;
}

/** The stretches between `floor` and the last sequence in which nothing is stored or lost. */
function deletedRuns(index: MessageIndex, floor: number): SequenceRuns {
  const runs = new SequenceRuns();
  let start = Math.max(1, floor);
  while (start <= index.last) {
    const present = nextPresent(index, start);
    runs.add(start, present);
    start = present;
    start = nextAbsent(index, start);
  }
  return runs;
}

function nextPresent(index: MessageIndex, from: number): number {
  let sequence = index.columns.skipGap(from);
  while (sequence <= index.last && !isPresent(index, sequence)) {
    sequence = index.columns.skipGap(sequence + 1);
  }
  return Math.min(sequence, index.last + 1);
}

/** Whole chunks in which nothing is missing are passed at once: what this costs grows with what was deleted, not with the stream. */
function nextAbsent(index: MessageIndex, from: number): number {
  let sequence = from;
  while (sequence <= index.last && isPresent(index, sequence)) {
    const chunk = slotOf(sequence) === 0 ? index.columns.chunkOf(sequence) : undefined;
    sequence += chunk !== undefined && chunk.stored + chunk.lost === chunkSequences ? chunkSequences : 1;
  }
  return sequence;
}

function isPresent(index: MessageIndex, sequence: number): boolean {
  return (index.columns.chunkOf(sequence)?.subject[slotOf(sequence)] ?? 0) !== 0;
}
