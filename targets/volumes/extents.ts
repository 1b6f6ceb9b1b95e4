/**
 * Where on the image the data of regular files stands, asked from the kernel with `filefrag` (FIEMAP). It is not asked to sync, so data
 * without a place on the disk yet (delayed allocation) is not listed.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { execa } from "execa";
import { type SectorRun, sectorBytes } from "./sectors.ts";

export interface Extent {
  readonly file: string;
  /** In sectors. */
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
}

const filesPerCall = 400;
const nowhere = /delalloc|unknown_loc|inline|not_aligned/;

export async function dataExtents(mountPoint: string): Promise<Extent[]> {
  const files = readdirSync(mountPoint, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(mountPoint, join(entry.parentPath, entry.name)))
    .sort();
  const extents: Extent[] = [];
  for (let start = 0; start < files.length; start += filesPerCall) {
    const batch = files.slice(start, start + filesPerCall).map((file) => `./${file}`);
    const { stdout } = await execa("filefrag", ["-v", "-e", `-b${sectorBytes}`, ...batch], { cwd: mountPoint, env: { LC_ALL: "C" } });
    extents.push(...parseFilefrag(stdout));
  }
  return extents;
}

/** Lines such as `   0:        0..     199:      33112..     33311:    200:             last,eof` under `File size of NAME is …`. */
export function parseFilefrag(output: string): Extent[] {
  const extents: Extent[] = [];
  let file = "";
  for (const line of output.split("\n")) {
    const header = /^File size of (.+) is \d+ \(/.exec(line);
    if (header !== null) {
      file = header[1] ?? "";
      continue;
    }
    const extent = /^\s*\d+:\s*(\d+)\.\.\s*\d+:\s*(\d+)\.\.\s*\d+:\s*(\d+):(.*)$/.exec(line);
    if (extent !== null && !nowhere.test(extent[4] ?? "")) {
      extents.push({ file, logical: Number(extent[1]), physical: Number(extent[2]), count: Number(extent[3]) });
    }
  }
  return extents;
}

export function sectorsOf(extents: readonly Extent[]): SectorRun[] {
  return extents.map(({ physical, count }) => [physical, count] as const);
}

/** Sectors that hold the same part of the same file in both lists. */
export function unmovedSectors(before: readonly Extent[], after: readonly Extent[]): SectorRun[] {
  const byFile = Map.groupBy(before, (extent) => extent.file);
  return after.flatMap((now) => (byFile.get(now.file) ?? []).flatMap((old) => overlap(old, now)));
}

function overlap(old: Extent, now: Extent): SectorRun[] {
  if (old.physical - old.logical !== now.physical - now.logical) {
    return [];
  }
  const start = Math.max(old.physical, now.physical);
  const end = Math.min(old.physical + old.count, now.physical + now.count);
  return start < end ? [[start, end - start]] : [];
}
