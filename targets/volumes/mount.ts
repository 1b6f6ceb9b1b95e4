/** Mounting an image through a loop device, and what the kernel knows about such a mount. Linux and root only. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { execa } from "execa";
import { holdsWithin } from "../waiting.ts";

/**
 * - `commit=300`: the journal's own commit every 5 seconds would make unsynced changes durable by luck of time.
 * - `data=writeback,dioread_lock`: the file system promises no order between data and metadata that were not synced, as many don't.
 *   A server that syncs what it needs is unaffected.
 */
const mountOptions = "loop,commit=300,data=writeback,dioread_lock,noatime";
const commandTimeoutMs = 30_000;
const unmountWithinMs = 15_000;

export async function makeFileSystem(image: string): Promise<void> {
  // Without inline data every byte of a file stands in a data block; without lazy initialisation nothing but the server's work is written.
  const features = ["-O", "^inline_data", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-m", "0", "-b", "4096"];
  await execa("mkfs.ext4", ["-q", "-F", ...features, image], { timeout: commandTimeoutMs });
}

export async function mountImage(image: string, mountPoint: string): Promise<void> {
  await execa("mount", ["-t", "ext4", "-o", mountOptions, image, mountPoint], { timeout: commandTimeoutMs });
}

/** The loop device frees itself with its last user. */
export async function unmount(mountPoint: string): Promise<void> {
  let problem = "";
  const done = await holdsWithin(
    async () => {
      const result = await execa("umount", [mountPoint], { reject: false, timeout: commandTimeoutMs });
      problem = result.stderr;
      return !result.failed || !isMounted(mountPoint);
    },
    { withinMs: unmountWithinMs, everyMs: 20 },
  );
  if (!done) {
    throw new Error(`${mountPoint} can't be unmounted: ${problem}`);
  }
}

/** Takes the mount out of sight at once; the kernel finishes it when its last user is gone. */
export function unmountNow(mountPoint: string): void {
  spawnSync("umount", ["-l", mountPoint], { stdio: "ignore", timeout: commandTimeoutMs });
}

/** Writes everything of one file system to its device, and waits. */
export async function syncFileSystem(mountPoint: string): Promise<void> {
  await execa("sync", ["-f", mountPoint], { timeout: commandTimeoutMs });
}

export interface Mount {
  readonly mountPoint: string;
  readonly source: string;
  readonly type: string;
  /** Of the file system, not of the single mount. */
  readonly options: string;
}

export function mounts(): Mount[] {
  let text: string;
  try {
    text = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [type = "", source = "", options = ""] = after.split(" ");
      return { mountPoint: unescaped(before.split(" ")[4] ?? ""), source: unescaped(source), type, options };
    });
}

export function isMounted(mountPoint: string): boolean {
  return mounts().some((mount) => mount.mountPoint === mountPoint);
}

/** Blanks and the like are written as octal escapes. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Counters of the block device under a mount; equal counters at two moments mean that nothing was written between them. */
export interface WriteCounters {
  readonly inFlight: number;
  /** Completed writes, discards and flushes, in one text to compare. */
  readonly done: string;
}

export function writeCounters(mountPoint: string): WriteCounters {
  const source = mounts().findLast((mount) => mount.mountPoint === mountPoint)?.source;
  if (source === undefined) {
    throw new Error(`${mountPoint} is not mounted`);
  }
  // Kernel documentation, Documentation/block/stat.rst: 4 write I/Os, 6 sectors written, 8 in flight, 11 discards, 15 flushes.
  const fields = readFileSync(`/sys/block/${basename(source)}/stat`, "utf8")
    .trim()
    .split(/\s+/);
  return { inFlight: Number(fields[8]), done: [4, 6, 11, 15].map((index) => fields[index] ?? "").join(" ") };
}
