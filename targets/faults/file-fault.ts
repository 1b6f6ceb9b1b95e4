/**
 * Damage to one file of a stopped store, as a description that a campaign draws from a seed, prints, and reads back. What the description
 * leaves open (which file, where) the seed decides once the files are there; the same store and the same text give the same damage.
 */
import { seededRandom } from "../volumes/random.ts";

/**
 * - `bit-flip`       one bit
 * - `truncate`       the file ends earlier
 * - `zero-page`      4 KiB of zeros
 * - `duplicate-page` one page holds what another page of the file holds: a write that went astray
 * - `stale-page`     one page holds what it held in an earlier copy: a write that never arrived
 * - `swap-files`     two files have each other's content
 * - `delete-file`    the file is gone
 */
export const fileFaultKinds = ["bit-flip", "truncate", "zero-page", "duplicate-page", "stale-page", "swap-files", "delete-file"] as const;
export type FileFaultKind = (typeof fileFaultKinds)[number];

export interface FileFault {
  readonly kind: FileFaultKind;
  /** Which files may be hit, relative to the data folder: `*` stands for anything within a name, `**` also across folders. */
  readonly files: string;
  /** Decides what is left open. */
  readonly seed: number;
  /** Byte, or new length of a truncated file; pages begin at the multiple of 4096 below it. */
  readonly offset?: number;
  /** 0 is the lowest. */
  readonly bit?: number;
  /** `data` (up to the last byte that is not zero) unless told; `zeros` is the tail after it, prepared for later writes. */
  readonly where?: "data" | "zeros";
}

export interface DrawOptions {
  readonly seed: number;
  readonly files?: string;
  readonly kinds?: readonly [FileFaultKind, ...FileFaultKind[]];
}

export function drawFileFault({ seed, files = "**", kinds = fileFaultKinds }: DrawOptions): FileFault {
  return { kind: seededRandom(seed).pick(kinds), files, seed };
}

/** `bit-flip seed=7 offset=120 bit=3 files=msgs/*.blk`; read back by `parseFileFault`. */
export function printFileFault({ kind, files, seed, offset, bit, where }: FileFault): string {
  const open = Object.entries({ seed, offset, bit, where }).filter(([, value]) => value !== undefined);
  return [kind, ...open.map(([key, value]) => `${key}=${value}`), `files=${files}`].join(" ");
}

/** undefined when the text is none. The pattern comes last, because names may hold blanks. */
export function parseFileFault(text: string): FileFault | undefined {
  const match = /^(\S+) seed=(\d+)(?: offset=(\d+))?(?: bit=([0-7]))?(?: where=(data|zeros))? files=(.+)$/.exec(text);
  const [, word, seed, offset, bit, where, files = ""] = match ?? [];
  const kind = fileFaultKinds.find((each) => each === word);
  if (kind === undefined) {
    return undefined;
  }
  return {
    kind,
    files,
    seed: Number(seed),
    ...(offset === undefined ? {} : { offset: Number(offset) }),
    ...(bit === undefined ? {} : { bit: Number(bit) }),
    ...(where === undefined ? {} : { where: where === "data" ? "data" : "zeros" }),
  };
}

/** Whether a path relative to the data folder fits the pattern. */
export function fits(pattern: string, path: string): boolean {
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|[^*]+/g, (part) => {
    if (part === "**/") {
      return "(?:.*/)?";
    }
    if (part === "**") {
      return ".*";
    }
    return part === "*" ? "[^/]*" : part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, "s").test(path);
}
