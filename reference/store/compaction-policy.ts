/**
 * Which files are worth rewriting. Rewriting costs a second write of everything that is alive in them, so it must gain something:
 *
 * - While the server is busy only *sparse* files are taken, of which at most a quarter is alive: each copied byte frees three.
 * - While it is idle also files of which at most half is alive, and segments that hold *several streams*, so that each of those can be
 *   deleted, or replayed, without the others. One that holds a single stream gains nothing: it is as good as sorted already, which is why
 *   a plain run of publishes into one stream is never written twice. Small sorted files of one kind are put together when there are many.
 * - Files with message ids inside their window wait for its end, because ids of removed messages would have to be copied, too. Only when that
 *   is far away they are not waited for.
 *
 * What is damaged is never touched: it stays as it is for rescue. What was just rewritten gains nothing, so this comes to an end.
 */
import type { Segment } from "./segment.ts";

/** Windows that end sooner are waited for. */
const patienceNs = 600_000_000_000n;
/** The part of a segment that streams other than the first must have. */
const foreignShare = 8;
/** Sorted files below this part of a full one are small; that many of one kind become one. */
const smallShare = 4;
const smallMin = 8;
/** What a record takes beyond the accounted size of its message. */
export const recordSurplus = 30;

export interface Choice {
  /** Full and synced, or sorted: nothing is written to it any more. */
  isSealed(file: Segment): boolean;
  /** When the last message id in it leaves its window, 0n when it holds none. */
  idsUntilNs(file: Segment): bigint;
  readonly nowNs: bigint;
  readonly isIdle: boolean;
  readonly fileBytes: number;
  /** As much may be alive in all of them. */
  readonly bytesMax: number;
}

/** In the order of their numbers, which is the order in which messages of one stream were published. */
export function chooseFiles(files: Iterable<Segment>, choice: Choice): Segment[] {
  const possible = [...files].filter((file) => file.live > 0 && !file.damaged && choice.isSealed(file) && !waitsForIds(file, choice));
  const wanted = new Set(possible.filter((file) => gains(file, choice)));
  for (const group of choice.isIdle ? smallGroups(possible, choice.fileBytes) : []) {
    for (const file of group) {
      wanted.add(file);
    }
  }
  let left = choice.bytesMax;
  const chosen = [...wanted]
    .sort((a, b) => aliveIn(a) - aliveIn(b))
    .filter((file) => {
      left -= aliveIn(file);
      return left >= 0;
    });
  return chosen.sort((a, b) => a.id - b.id);
}

export function aliveIn({ live, liveBytes }: Segment): number {
  return liveBytes + live * recordSurplus;
}

function gains(file: Segment, { isIdle }: Choice): boolean {
  const once = file.isSorted ? file.sortedBytes : file.tail;
  const isSparse = aliveIn(file) * (isIdle ? 2 : 4) < once;
  return isSparse || (isIdle && !file.isSorted && file.foreignBytes * foreignShare > file.tail);
}

/** Files of one stream, or those that streams share. */
function smallGroups(files: readonly Segment[], fileBytes: number): Segment[][] {
  const small = files.filter((file) => file.isSorted && aliveIn(file) * smallShare < fileBytes);
  const groups = Map.groupBy(small, (file) => (file.foreignBytes > 0 ? 0 : file.stream));
  return [...groups.values()].filter((group) => group.length >= smallMin);
}

function waitsForIds(file: Segment, choice: Choice): boolean {
  const leftNs = choice.idsUntilNs(file) - choice.nowNs;
  return leftNs > 0n && leftNs < patienceNs;
}
