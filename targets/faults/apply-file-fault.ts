/**
 * Damages one file of a stopped store as a `FileFault` says. The evidence is read back from the file afterwards; times of change are put
 * back, because a disk that rots does not touch them.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { Instance } from "../target.ts";
import { type Random, seededRandom } from "../volumes/random.ts";
import type { Details } from "./evidence.ts";
import { type FileFault, printFileFault } from "./file-fault.ts";
import { type EarlierStore, listFiles, pageBytes, type StoreFile, stoppedStore } from "./store-files.ts";

export interface ApplyOptions {
  /** Where a stale page is taken from: a copy made before the last writes. */
  readonly earlier?: EarlierStore;
}

/** `happened` is false, and nothing was touched, when no file offers what the fault needs. `details.again` names exactly this damage. */
export async function applyFileFault(instance: Instance, fault: FileFault, options: ApplyOptions = {}): Promise<FaultEvidence> {
  const folder = stoppedStore(instance);
  const all = listFiles(folder, fault.files);
  const place: Place = { folder, fault, all, random: seededRandom(fault.seed), earlier: options.earlier?.directory };
  return damages[fault.kind](place) ?? nothing(place);
}

interface Place {
  readonly folder: string;
  readonly fault: FileFault;
  /** The files that the pattern names. */
  readonly all: readonly StoreFile[];
  readonly random: Random;
  readonly earlier: string | undefined;
}

const damages: Readonly<Record<FileFault["kind"], (place: Place) => FaultEvidence | undefined>> = {
  "bit-flip": flipBit,
  truncate: cutShort,
  "zero-page": (place) => overwritePage(place, (page) => Buffer.alloc(page.bytes.length)),
  "duplicate-page": (place) => overwritePage(place, (page) => otherPage(page, place.fault.seed)),
  "stale-page": (place) => overwritePage(place, (page) => earlierPage(page, place.earlier)),
  "swap-files": swapFiles,
  "delete-file": deleteFile,
};

function nothing({ fault, all, earlier }: Place): FaultEvidence {
  const lack = fault.kind === "stale-page" && earlier === undefined ? "no earlier copy was given" : "none of them offers what it needs";
  return {
    happened: false,
    summary: `no ${fault.kind}: ${all.length} files fit ${fault.files}, ${lack}`,
    details: { files: all.length, fault: printFileFault(fault) },
  };
}

function flipBit(place: Place): FaultEvidence | undefined {
  const { fault, random } = place;
  const at = pickByte(place);
  if (at === undefined) {
    return undefined;
  }
  const bit = fault.bit ?? random.below(8);
  const file = join(place.folder, at.path);
  const bytes = readFileSync(file);
  const before = bytes[at.offset] ?? 0;
  bytes[at.offset] = before ^ (1 << bit);
  overwrite(file, bytes);
  const after = readFileSync(file)[at.offset] ?? before;
  return evidence(place, {
    happened: after === (before ^ (1 << bit)),
    summary: `bit ${bit} of byte ${at.offset} of ${at.path} was flipped, ${hex(before)} to ${hex(after)}`,
    exact: { files: at.path, offset: at.offset, bit },
    details: { before: hex(before), after: hex(after) },
  });
}

function cutShort(place: Place): FaultEvidence | undefined {
  const at = pickByte(place);
  if (at === undefined) {
    return undefined;
  }
  const file = join(place.folder, at.path);
  const before = statSync(file);
  truncateSync(file, at.offset);
  utimesSync(file, before.atime, before.mtime);
  const sizeAfter = statSync(file).size;
  return evidence(place, {
    happened: sizeAfter === at.offset && sizeAfter < before.size,
    summary: `${at.path} ends after ${sizeAfter} bytes instead of ${before.size}`,
    exact: { files: at.path, offset: at.offset },
    details: { sizeBefore: before.size, sizeAfter },
  });
}

interface Page {
  readonly path: string;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly whole: Buffer;
}

/** Tries pages from the drawn one on, around all of them, until one offers content that differs from its own. */
function overwritePage(place: Place, contentFor: (page: Page) => Buffer | undefined): FaultEvidence | undefined {
  const first = pickByte(place);
  const pages = first === undefined ? [] : pagesFrom(place, first);
  for (const page of pages) {
    const content = contentFor(page);
    if (content !== undefined && !content.equals(page.bytes)) {
      return writePage(place, page, content);
    }
  }
  return undefined;
}

function writePage(place: Place, page: Page, content: Buffer): FaultEvidence {
  const { path, offset } = page;
  const file = join(place.folder, path);
  const changedBytes = content.filter((byte, index) => byte !== page.bytes[index]).length;
  const before = digest(page.bytes);
  overwrite(file, Buffer.concat([page.whole.subarray(0, offset), content, page.whole.subarray(offset + content.length)]));
  const after = digest(readFileSync(file).subarray(offset, offset + content.length));
  return evidence(place, {
    happened: after === digest(content) && after !== before,
    summary: `${content.length} bytes at ${offset} of ${path} were replaced (${place.fault.kind}), ${changedBytes} of them differ`,
    exact: { files: path, offset },
    details: { before, after, changedBytes },
  });
}

function* pagesFrom(place: Place, first: { readonly path: string; readonly offset: number }): Generator<Page> {
  const start = place.all.findIndex(({ path }) => path === first.path);
  const files = [...place.all.slice(start), ...place.all.slice(0, start)];
  for (const { path, dataBytes, bytes } of files) {
    const whole = readFileSync(join(place.folder, path));
    const count = Math.ceil((place.fault.where === "zeros" ? bytes : dataBytes) / pageBytes);
    const firstPage = path === first.path ? Math.floor(first.offset / pageBytes) : 0;
    for (let step = 0; step < count; step++) {
      const offset = ((firstPage + step) % count) * pageBytes;
      yield { path, offset, bytes: whole.subarray(offset, offset + pageBytes), whole };
      if (place.fault.offset !== undefined) {
        return;
      }
    }
  }
}

/** Drawn for each page anew, so that the exact description of the damage draws the same one. */
function otherPage(page: Page, seed: number): Buffer | undefined {
  const count = Math.floor(page.whole.length / pageBytes);
  if (count < 2 || page.bytes.length < pageBytes) {
    return undefined;
  }
  const from = seededRandom(seed ^ page.offset).below(count) * pageBytes;
  return page.whole.subarray(from, from + pageBytes);
}

function earlierPage(page: Page, earlier: string | undefined): Buffer | undefined {
  const file = earlier === undefined ? undefined : join(earlier, page.path);
  if (file === undefined || statSync(file, { throwIfNoEntry: false }) === undefined) {
    return undefined;
  }
  const old = readFileSync(file).subarray(page.offset, page.offset + page.bytes.length);
  // What had not been written yet was zeros, or the file was shorter: both read as zeros after a lost write.
  return Buffer.concat([old, Buffer.alloc(page.bytes.length - old.length)]);
}

function swapFiles(place: Place): FaultEvidence | undefined {
  const filled = place.all.filter(({ bytes }) => bytes > 0);
  const one = filled[place.random.below(filled.length)];
  const contentOf = (path: string) => readFileSync(join(place.folder, path));
  const others = one === undefined ? [] : filled.filter(({ path }) => path !== one.path && !contentOf(path).equals(contentOf(one.path)));
  const other = others[place.random.below(others.length)];
  if (one === undefined || other === undefined) {
    return undefined;
  }
  const [first, second] = [join(place.folder, one.path), join(place.folder, other.path)];
  const before = [digest(readFileSync(first)), digest(readFileSync(second))];
  const aside = `${first}.swap`;
  renameSync(first, aside);
  renameSync(second, first);
  renameSync(aside, second);
  const after = [digest(readFileSync(first)), digest(readFileSync(second))];
  return evidence(place, {
    happened: after[0] === before[1] && after[1] === before[0],
    summary: `${one.path} and ${other.path} have each other's content`,
    exact: {},
    details: { file: one.path, other: other.path, before: before.join(" "), after: after.join(" ") },
  });
}

function deleteFile(place: Place): FaultEvidence | undefined {
  const one = place.all[place.random.below(place.all.length)];
  if (one === undefined) {
    return undefined;
  }
  const file = join(place.folder, one.path);
  rmSync(file);
  return evidence(place, {
    happened: statSync(file, { throwIfNoEntry: false }) === undefined,
    summary: `${one.path} (${one.bytes} bytes) was deleted`,
    exact: { files: one.path },
    details: { sizeBefore: one.bytes },
  });
}

/** A byte of the files, each equally likely; the fault's own offset where it gives one. */
function pickByte({ fault, all, random }: Place): { path: string; offset: number } | undefined {
  const ranges = all
    .map(({ path, bytes, dataBytes }) =>
      fault.where === "zeros" ? { path, from: dataBytes, to: bytes } : { path, from: 0, to: dataBytes },
    )
    .filter(({ from, to }) => (fault.offset === undefined ? to > from : fault.offset >= from && fault.offset < to));
  if (fault.offset !== undefined) {
    const range = ranges[random.below(ranges.length)];
    return range === undefined ? undefined : { path: range.path, offset: fault.offset };
  }
  let left = random.below(ranges.reduce((sum, { from, to }) => sum + to - from, 0));
  for (const { path, from, to } of ranges) {
    if (left < to - from) {
      return { path, offset: from + left };
    }
    left -= to - from;
  }
  return undefined;
}

interface Damage {
  readonly happened: boolean;
  readonly summary: string;
  readonly exact: Partial<FileFault>;
  readonly details: Details;
}

function evidence({ fault }: Place, { happened, summary, exact, details }: Damage): FaultEvidence {
  const { files: file, offset, bit } = exact;
  const shown = Object.fromEntries(Object.entries({ file, offset, bit }).filter(([, value]) => value !== undefined));
  return {
    happened,
    summary,
    details: { ...shown, ...details, fault: printFileFault(fault), again: printFileFault({ ...fault, ...exact }) },
  };
}

function overwrite(file: string, bytes: Buffer): void {
  const { atime, mtime } = statSync(file);
  writeFileSync(file, bytes, { flag: "r+" });
  utimesSync(file, atime, mtime);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
