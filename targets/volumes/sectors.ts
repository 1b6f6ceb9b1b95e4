/**
 * Images compared and mixed by sector (512 bytes, the unit a disk writes whole). Sector sets are sorted lists of disjoint runs
 * `[first, count]`.
 */
import { type FileHandle, open } from "node:fs/promises";

export const sectorBytes = 512;

export type SectorRun = readonly [first: number, count: number];

const chunkBytes = 4 * 1024 * 1024;

/** The sectors in which two images of one size differ. */
export async function differingSectors(fileA: string, fileB: string): Promise<SectorRun[]> {
  await using a = await open(fileA, "r");
  await using b = await open(fileB, "r");
  const { size } = await a.stat();
  const bufferA = Buffer.allocUnsafe(chunkBytes);
  const bufferB = Buffer.allocUnsafe(chunkBytes);
  const runs: [number, number][] = [];
  for (let position = 0; position < size; position += chunkBytes) {
    const length = Math.min(chunkBytes, size - position);
    await Promise.all([readFully(a, bufferA.subarray(0, length), position), readFully(b, bufferB.subarray(0, length), position)]);
    // Most chunks are equal: one comparison of the whole is many times cheaper than one for each sector.
    if (bufferA.compare(bufferB, 0, length, 0, length) !== 0) {
      compareChunk({ a: bufferA, b: bufferB, length, firstSector: position / sectorBytes, runs });
    }
  }
  return runs;
}

interface Chunk {
  readonly a: Buffer;
  readonly b: Buffer;
  readonly length: number;
  readonly firstSector: number;
  readonly runs: [number, number][];
}

function compareChunk({ a, b, length, firstSector, runs }: Chunk): void {
  for (let start = 0; start < length; start += sectorBytes) {
    const end = Math.min(start + sectorBytes, length);
    if (a.compare(b, start, end, start, end) === 0) {
      continue;
    }
    const sector = firstSector + start / sectorBytes;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === sector) {
      last[1]++;
    } else {
      runs.push([sector, 1]);
    }
  }
}

async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
  if (bytesRead !== buffer.length) {
    throw new Error(`short read of an image: ${bytesRead} of ${buffer.length} bytes at ${position}`);
  }
}

/** Copies the given sectors of one image into another. */
export async function copySectors(options: { from: string; to: string; runs: readonly SectorRun[] }): Promise<void> {
  await using from = await open(options.from, "r");
  await using to = await open(options.to, "r+");
  for (const [first, count] of options.runs) {
    const buffer = Buffer.allocUnsafe(count * sectorBytes);
    await readFully(from, buffer, first * sectorBytes);
    await to.write(buffer, 0, buffer.length, first * sectorBytes);
  }
}

export async function zeroSectors(file: string, runs: readonly SectorRun[]): Promise<void> {
  await using to = await open(file, "r+");
  for (const [first, count] of runs) {
    await to.write(Buffer.alloc(count * sectorBytes), 0, count * sectorBytes, first * sectorBytes);
  }
}

/** The sectors of the first set that are not in the second. */
export function difference(left: readonly SectorRun[], right: readonly SectorRun[]): SectorRun[] {
  const result: SectorRun[] = [];
  for (const [first, count] of left) {
    let start = first;
    for (const [takenFirst, takenCount] of intersection([[first, count]], right)) {
      result.push([start, takenFirst - start]);
      start = takenFirst + takenCount;
    }
    result.push([start, first + count - start]);
  }
  return result.filter(([, count]) => count > 0);
}

/** The sectors that are in both sets. */
export function intersection(left: readonly SectorRun[], right: readonly SectorRun[]): SectorRun[] {
  const result: SectorRun[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const a = left[i];
    const b = right[j];
    if (a === undefined || b === undefined) {
      return result;
    }
    const start = Math.max(a[0], b[0]);
    const end = Math.min(a[0] + a[1], b[0] + b[1]);
    if (start < end) {
      result.push([start, end - start]);
    }
    if (a[0] + a[1] < b[0] + b[1]) {
      i++;
    } else {
      j++;
    }
  }
}

export function countSectors(runs: readonly SectorRun[]): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

/** Sorted, with touching and overlapping runs joined. */
export function normalised(runs: readonly SectorRun[]): SectorRun[] {
  const result: [number, number][] = [];
  for (const [first, count] of [...runs].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && first <= last[0] + last[1]) {
      last[1] = Math.max(last[1], first + count - last[0]);
    } else {
      result.push([first, count]);
    }
  }
  return result;
}
