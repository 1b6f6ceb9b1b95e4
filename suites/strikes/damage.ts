/** What damage to files means for the judgement of a run: beside the place it says how many messages such damage may rightly cost. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { listFiles, type StoreCopy, stoppedStore } from "../../targets/faults/store-files.ts";
import { makeInstanceFolder } from "../../targets/instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../../targets/live.ts";
import type { Instance } from "../../targets/target.ts";

/** One flipped bit lies in one record; what pages and whole files hold is as much as they hold. */
export function damageEvidence(evidence: FaultEvidence): FaultEvidence {
  const isBit = String(evidence.details["again"] ?? "").startsWith("bit-flip");
  return isBit ? { ...evidence, details: { ...evidence.details, recordsMax: 1 } } : evidence;
}

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
    details: { file: path, offset: offsets[0] ?? 0, bit, flips, recordsMax: flips, apart: true },
  };
}

/** Deletes the files that fit, as a server that crashed before it wrote them would leave the store. Says what it did. */
export function removeFiles(instance: Instance, pattern: string): string {
  const folder = stoppedStore(instance);
  const files = listFiles(folder, pattern);
  for (const { path } of files) {
    rmSync(join(folder, path));
  }
  return `${files.length} files that fit ${pattern} were deleted`;
}

/** The store as it is at one instant of a running server: a server that is stopped first may begin new files, and then no page of the old ones is stale. */
export async function copyOfRunning(instance: Instance): Promise<StoreCopy> {
  const folder = makeInstanceFolder();
  const directory = join(folder, "copy");
  const live: Live = {
    dispose: async () => {
      await rm(folder, { recursive: true, force: true });
      forgetLive(live);
    },
    disposeNow: () => rmSync(folder, { recursive: true, force: true }),
  };
  keepLive(live);
  await instance.pause();
  try {
    await cp(instance.dataDirectory ?? "", directory, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  } finally {
    await instance.resume();
  }
  return {
    directory,
    restore: () => Promise.reject(new Error("a copy of a running store is only looked into")),
    dispose: () => live.dispose(),
  };
}
