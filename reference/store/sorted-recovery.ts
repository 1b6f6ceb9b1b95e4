/**
 * Reads the sorted files back, before the log. They say nothing but where messages are: which of those are still stored, checkpoint and log
 * know. A file has its name only when all of it was synced, so whatever is not sound in it is damage.
 */
import { recordSurplus } from "./compaction-policy.ts";
import { accountedSize } from "./file-stream.ts";
import { recordKind } from "./record.ts";
import type { SegmentLoader } from "./recovery.ts";
import type { RecoveryState } from "./recovery-state.ts";
import { type Segment, sortedBase, sortedId } from "./segment.ts";
import { footerOf } from "./segment-footer.ts";
import { type Damage, scanSegment } from "./segment-scan.ts";

export interface RecoveredSorted {
  readonly damage: readonly Damage[];
  /** Files that were being written when the process ended. */
  readonly void: readonly string[];
  /** Number of the next one. */
  readonly next: number;
  /** In the checkpoint, and not there. Most of them were emptied and unlinked since. */
  readonly missing: readonly number[];
}

export interface SortedInput {
  readonly directory: string;
  readonly checkpoint: { readonly nextSorted: number; readonly sorted: readonly number[] } | undefined;
  readonly state: RecoveryState;
  readonly loader: SegmentLoader;
  /** Filled with the files. */
  readonly segments: Map<number, Segment>;
}

export function recoverSorted(input: SortedInput): RecoveredSorted {
  const { directory, checkpoint, loader, segments } = input;
  const damage: Damage[] = [];
  const voidPaths: string[] = [];
  let next = checkpoint?.nextSorted ?? 1;
  for (const { name, kind } of loader.list(directory)) {
    const id = kind === "file" ? sortedId(name) : undefined;
    if (id === undefined) {
      continue;
    }
    next = Math.max(next, id - sortedBase + 1);
    if (name.endsWith(".new")) {
      voidPaths.push(`${directory}/${name}`);
      continue;
    }
    const { segment, bytes } = loader.candidate(id, directory);
    segments.set(id, segment);
    damage.push(...readFile(input, segment, bytes));
  }
  const missing = (checkpoint?.sorted ?? []).filter((id) => !segments.has(id));
  return { damage, void: voidPaths, next, missing };
}

function readFile({ state, loader }: SortedInput, segment: Segment, bytes: number): Damage[] {
  const damage: Damage[] = [];
  const content = loader.load(segment, bytes);
  const footer = footerOf(content);
  const { end } = scanSegment({
    content,
    trusted: footer?.end ?? content.length,
    syncedAtLeast: 0,
    apply: (offset) => {
      const record = content.reader.at(offset);
      if (record.kind === recordKind.message) {
        segment.sortedBytes += accountedSize(record.subjectLength, record.headersLength, record.payloadLength) + recordSurplus;
      }
      state.apply(record, segment, offset);
    },
    damaged: (found) => {
      damage.push(found);
    },
  });
  if (footer === undefined && damage.length === 0) {
    // Its end is missing.
    damage.push({ segment: segment.id, offset: end, bytes: 0 });
  }
  segment.tail = end;
  segment.written = end;
  segment.synced = end;
  return damage;
}
