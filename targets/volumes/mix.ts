/**
 * The random adversary: a seeded mix of what was synced and what was only written. Only sectors of file data are mixed; metadata is taken
 * whole from one of the two images, so the journal always replays. The seed chooses between two shapes, both states that a disk with a
 * write cache can be left in:
 *
 * - `old` metadata: the journal's last commit did not reach the disk, some of the data did. Data sectors are taken from the written image
 *   only where the same part of the same file stood there before; elsewhere the old metadata can't see them.
 * - `new` metadata: the commit reached the disk before the data did (the mount promises no order, see `mount.ts`). Data sectors fall back
 *   to what was there before: old bytes in overwritten places, zeros or older content in grown files.
 *
 * A block freed by an uncommitted change is not given to another file before the commit (ext4 keeps it back), and nothing allocates after
 * the freeze but the sync itself, so no sector that a completed fsync covered is touched by a stranger's data.
 */
import type { PowerCutAdversary } from "../target.ts";
import { type Extent, sectorsOf, unmovedSectors } from "./extents.ts";
import { type Random, seededRandom } from "./random.ts";
import { copySectors, countSectors, difference, intersection, normalised, type SectorRun, sectorBytes, zeroSectors } from "./sectors.ts";

export interface MixOptions {
  readonly synced: string;
  readonly written: string;
  /** Sectors in which they differ. */
  readonly changed: readonly SectorRun[];
  readonly extentsBefore: readonly Extent[];
  readonly extentsAfter: readonly Extent[];
  readonly adversary: Extract<PowerCutAdversary, { readonly seed: number }>;
}

export interface Mixed {
  readonly file: string;
  readonly droppedBytes: number;
  readonly shape: Readonly<Record<string, string | number>>;
}

/** Changes one of the two images in place and returns it. */
export async function mixImages(options: MixOptions): Promise<Mixed> {
  const random = seededRandom(options.adversary.seed);
  if (options.adversary.keep !== "random") {
    return cutTails(options, random);
  }
  const metadata = random.pick(["old", "new"]);
  const survival = random.pick([0.1, 0.5, 0.9]);
  // One sector tears records; a page or more loses neighbours together, as caches do.
  const unit = random.pick([1, 8, 64]);
  const shape = { metadata, survival, unitBytes: unit * sectorBytes };
  const changed = countSectors(options.changed);

  if (metadata === "old") {
    const eligible = intersection(normalised(unmovedSectors(options.extentsBefore, options.extentsAfter)), options.changed);
    const survivors = draw({ runs: eligible, random, chance: survival, unit });
    await copySectors({ from: options.written, to: options.synced, runs: survivors });
    return { file: options.synced, droppedBytes: (changed - countSectors(survivors)) * sectorBytes, shape };
  }
  const eligible = intersection(normalised(sectorsOf(options.extentsAfter)), options.changed);
  const lost = draw({ runs: eligible, random, chance: 1 - survival, unit });
  await copySectors({ from: options.synced, to: options.written, runs: lost });
  return { file: options.written, droppedBytes: countSectors(lost) * sectorBytes, shape };
}

/**
 * `torn`: of each file the changed sectors arrived up to some sector, often the last, and none after it. `grown`: up to some page, often none.
 * All metadata arrived, so where a file grew there are zeros, and where it was overwritten the old bytes. (An image has no record of single
 * writes: what is torn is the changed bytes of a file, in their order in it.)
 */
async function cutTails(options: MixOptions, random: Random): Promise<Mixed> {
  const { synced, written, changed, extentsBefore, extentsAfter, adversary } = options;
  const lost: SectorRun[] = [];
  for (const extents of Map.groupBy(extentsAfter, ({ file }) => file).values()) {
    const inOrder = [...extents].sort((left, right) => left.logical - right.logical);
    const sectors = inOrder
      .flatMap((extent) => intersection(sectorsOf([extent]), changed))
      .flatMap(([first, count]) => numbers(first, count));
    lost.push(...sectors.slice(survivingCount(adversary.keep, sectors.length, random)).map((sector) => [sector, 1] as const));
  }
  const lostRuns = normalised(lost);
  // What another file left in a block that was free before does not show through: there are zeros.
  const old = intersection(normalised(unmovedSectors(extentsBefore, extentsAfter)), lostRuns);
  await copySectors({ from: synced, to: written, runs: old });
  await zeroSectors(written, difference(lostRuns, old));
  return { file: written, droppedBytes: countSectors(lostRuns) * sectorBytes, shape: { metadata: "new" } };
}

function survivingCount(keep: string, count: number, random: Random): number {
  const page = 8;
  const often = random.below(2) === 0;
  if (keep === "torn") {
    return often ? Math.max(0, count - 1 - random.below(Math.min(page, count))) : random.below(count + 1);
  }
  return often ? 0 : Math.floor(random.below(count + 1) / page) * page;
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

interface Draw {
  readonly runs: readonly SectorRun[];
  readonly random: Random;
  readonly chance: number;
  readonly unit: number;
}

/** Cuts the runs at multiples of `unit` and takes each piece with the given chance. */
export function draw({ runs, random, chance, unit }: Draw): SectorRun[] {
  const taken: SectorRun[] = [];
  for (const [first, count] of runs) {
    const end = first + count;
    let start = first;
    while (start < end) {
      const next = Math.min(end, (Math.floor(start / unit) + 1) * unit);
      if (random.next() < chance) {
        taken.push([start, next - start]);
      }
      start = next;
    }
  }
  return normalised(taken);
}
