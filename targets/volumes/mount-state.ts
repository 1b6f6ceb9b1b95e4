/** What a mounted image can be brought to while it is in use: full, read-only, and back. Only for mounts of images of our own. */
import { readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { execa } from "execa";
import { mountImage, mounts, unmount } from "./mount.ts";

const commandTimeoutMs = 30_000;
/** Node has no name for EDQUOT. */
const quotaExceeded = -122;

/** The mount of an image file that a path lies on; undefined when it lies on something else, which must be left alone. */
export function imageMountOf(path: string): { readonly mountPoint: string; readonly image: string } | undefined {
  const mount = mounts()
    .filter(({ mountPoint }) => path.startsWith(mountPoint.endsWith(sep) ? mountPoint : mountPoint + sep))
    .sort((left, right) => left.mountPoint.length - right.mountPoint.length)
    .at(-1);
  if (mount === undefined || !mount.source.startsWith("/dev/loop")) {
    return undefined;
  }
  const image = readFileSync(`/sys/block/${basename(mount.source)}/loop/backing_file`, "utf8").trim();
  return { mountPoint: mount.mountPoint, image };
}

export function freeBytes(mountPoint: string): number {
  const { bavail, bsize } = statfsSync(mountPoint);
  return bavail * bsize;
}

/** Takes all free blocks for one file, without writing them. */
export async function takeFreeBlocks(mountPoint: string, file: string): Promise<number> {
  let taken = 0;
  let step = freeBytes(mountPoint);
  while (step >= 4096 && freeBytes(mountPoint) > 0) {
    const { failed } = await execa("fallocate", ["-o", String(taken), "-l", String(step), file], {
      reject: false,
      timeout: commandTimeoutMs,
    });
    taken += failed ? 0 : step;
    const left = Math.floor(freeBytes(mountPoint) / 4096) * 4096;
    // A file also needs blocks for the map of its blocks, so the last free ones are taken by ever smaller steps.
    step = failed ? Math.floor(Math.min(step, left + 4096) / 8192) * 4096 : left;
  }
  return taken;
}

/** The error that a write of one block meets there, `none` when it succeeds. Leaves nothing behind. */
export function writeProbe(mountPoint: string): string {
  const file = join(mountPoint, "probe");
  try {
    writeFileSync(file, Buffer.alloc(4096, 1), { flush: true });
    return "none";
  } catch (error) {
    if (error instanceof Error && "errno" in error && error.errno === quotaExceeded) {
      return "EDQUOT";
    }
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    try {
      rmSync(file, { force: true });
    } catch {
      // On a read-only file system there is nothing to remove.
    }
  }
}

/**
 * `remount` where nothing is open for writing, which the kernel insists on; else the file system's own reaction to a broken disk (`abort`):
 * everything from now on fails, what was not synced is lost, and only mounting anew brings it back.
 */
export async function makeReadOnly(mountPoint: string): Promise<"remount" | "abort"> {
  const { failed } = await execa("mount", ["-o", "remount,ro", mountPoint], { reject: false, timeout: commandTimeoutMs });
  if (!failed) {
    return "remount";
  }
  await execa("mount", ["-o", "remount,abort", mountPoint], { timeout: commandTimeoutMs });
  return "abort";
}

export async function makeWritable(mountPoint: string): Promise<void> {
  await execa("mount", ["-o", "remount,rw", mountPoint], { timeout: commandTimeoutMs });
}

/** As after a restart of the machine: the journal is replayed. Nothing may be open on it. */
export async function mountAnew({ mountPoint, image }: { mountPoint: string; image: string }): Promise<void> {
  await unmount(mountPoint);
  await mountImage(image, mountPoint);
}
