/** Every bit of a stopped store in turn: for judges that want to know of each what it costs. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { Instance } from "../target.ts";
import { listFiles, stoppedStore } from "./store-files.ts";

export interface BitSweep {
  /** From 0, through all files. */
  readonly bit: number;
  readonly spreadBytes: number;
  readonly files: string;
}

/**
 * Goes through every bit of a store. The bits of a file's first and last `spreadBytes`, where it tells about itself, are flipped one by one; between them one in every
 * `spreadBytes` at once. Records are smaller than that, so no two flips lie in neighbouring messages, and two lost neighbours show that one flip cost more
 * than its record. `happened` is false when there are no more bits.
 */
export function flipBits(instance: Instance, { bit, spreadBytes, files }: BitSweep): FaultEvidence {
  const folder = stoppedStore(instance);
  let left = bit;
  for (const { path, dataBytes } of listFiles(folder, files)) {
    const steps = stepsOf(dataBytes, spreadBytes);
    if (left < steps) {
      return flip(join(folder, path), { path, bit: left % 8, offsets: offsetsOf(Math.floor(left / 8), { dataBytes, spreadBytes }) });
    }
    left -= steps;
  }
  return { happened: false, summary: `no bit ${bit}: the store has fewer`, details: { bit } };
}

/** Cycles that a file takes. */
function stepsOf(dataBytes: number, spreadBytes: number): number {
  return 8 * Math.min(dataBytes, 3 * spreadBytes);
}

function offsetsOf(place: number, { dataBytes, spreadBytes }: { dataBytes: number; spreadBytes: number }): number[] {
  if (dataBytes <= 3 * spreadBytes || place < spreadBytes) {
    return [place];
  }
  if (place < 2 * spreadBytes) {
    return [dataBytes - 2 * spreadBytes + place];
  }
  const offsets: number[] = [];
  for (let at = place - spreadBytes; at < dataBytes - spreadBytes; at += spreadBytes) {
    offsets.push(at);
  }
  return offsets;
}

function flip(file: string, { path, bit, offsets }: { path: string; bit: number; offsets: readonly number[] }): FaultEvidence {
  const before = readFileSync(file);
  const bytes = Buffer.from(before);
  for (const at of offsets) {
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  }
  writeFileSync(file, bytes, { flag: "r+" });
  const flips = readFileSync(file).filter((byte, at) => byte !== before[at]).length;
  const more = offsets.length > 1 ? `, and of ${offsets.length - 1} bytes behind it` : "";
  return {
    happened: flips === offsets.length,
    summary: `bit ${bit} of byte ${offsets[0]} of ${path} was flipped${more}`,
    details: { file: path, offset: offsets[0] ?? 0, bit, flips, apart: true },
  };
}
