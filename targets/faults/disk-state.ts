/**
 * The disk under a server is full, or can't be written to any more, until it is released. Needs an instance on an image (`powerCut`); nothing
 * else of the machine is touched, and what is set up goes with the volume.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { failureText } from "../failure-text.ts";
import { type Capability, type Instance, TargetError } from "../target.ts";
import type { FuseVolume } from "../volumes/fuse/volume.ts";
import { syncFileSystem } from "../volumes/mount.ts";
import {
  freeBytes as freeBytesOf,
  imageMountOf,
  makeReadOnly,
  makeWritable,
  mountAnew,
  takeFreeBlocks,
  writeProbe,
} from "../volumes/mount-state.ts";
import { type ArmedFault, demand } from "./armed.ts";
import type { Details } from "./evidence.ts";

/** Not one free block is left for anybody; what the server frees itself it may use. */
export async function fillDisk(instance: Instance): Promise<ArmedFault> {
  return instance.disk === undefined ? fillImage(instance) : fillOwnDisk(instance, instance.disk);
}

/** A disk of the tool's own: also a quota, whose excess has an error of its own, and with some bytes left. */
export async function fillOwnDisk(
  instance: Instance,
  disk: FuseVolume,
  { error = "ENOSPC", freeBytes = 0 }: { error?: "ENOSPC" | "EDQUOT"; freeBytes?: number } = {},
): Promise<ArmedFault> {
  demand(instance, "disk-full");
  const { mountPoint } = disk;
  const freeBefore = freeBytesOf(mountPoint);
  await attempt("the disk could not be filled", () => disk.ask("limit", { freeBytes, error }));
  const freeAfter = freeBytesOf(mountPoint);
  const probe = writeProbe(mountPoint);
  return armed({
    happened: freeAfter <= freeBytes && (freeBytes > 0 || probe === error),
    summary: `the disk was limited to ${freeAfter} of ${freeBefore} free bytes; a write answers ${probe}`,
    details: { freeBefore, takenBytes: freeBefore - freeAfter, freeAfter, probe },
    now: () => ({ freeNow: freeBytesOf(mountPoint) }),
    undo: async () => {
      await disk.ask("limit", undefined);
    },
  });
}

async function fillImage(instance: Instance): Promise<ArmedFault> {
  const { mountPoint } = imageOf(instance, "disk-full");
  const filler = join(mountPoint, "filler");
  const freeBefore = freeBytesOf(mountPoint);
  const takenBytes = await attempt("the disk could not be filled", () => takeFreeBlocks(mountPoint, filler));
  const freeAfter = freeBytesOf(mountPoint);
  const probe = writeProbe(mountPoint);
  return armed({
    happened: freeAfter === 0 && probe === "ENOSPC",
    summary: `${takenBytes} of ${freeBefore} free bytes were taken, ${freeAfter} are left; a write answers ${probe}`,
    details: { freeBefore, takenBytes, freeAfter, probe },
    now: () => ({ freeNow: freeBytesOf(mountPoint) }),
    undo: async () => {
      await rm(filler, { force: true });
      // Blocks freed count again once the journal says so.
      await syncFileSystem(mountPoint);
    },
  });
}

/** Writes fail with EROFS. When the server held files open for writing, release it only when the server is down; unsynced data is lost then. */
export async function makeDiskReadOnly(instance: Instance): Promise<ArmedFault> {
  return instance.disk === undefined ? makeImageReadOnly(instance) : makeOwnDiskReadOnly(instance, instance.disk);
}

/** Nothing is lost here, and it can be released under the running server. */
async function makeOwnDiskReadOnly(instance: Instance, disk: FuseVolume): Promise<ArmedFault> {
  demand(instance, "read-only");
  await attempt("the disk could not be made read-only", () => disk.ask("readOnly", { readOnly: true }));
  const probe = writeProbe(disk.mountPoint);
  return armed({
    happened: probe === "EROFS",
    summary: `the disk is read-only (disk); a write answers ${probe}`,
    details: { how: "disk", probe },
    now: () => ({}),
    undo: () => disk.ask("readOnly", { readOnly: false }),
    undone: () => ({ probeAfter: writeProbe(disk.mountPoint) }),
  });
}

async function makeImageReadOnly(instance: Instance): Promise<ArmedFault> {
  const image = imageOf(instance, "read-only");
  const how = await attempt("the disk could not be made read-only", () => makeReadOnly(image.mountPoint));
  const probe = writeProbe(image.mountPoint);
  return armed({
    happened: probe === "EROFS",
    summary: `the disk is read-only (${how}); a write answers ${probe}`,
    details: { how, probe },
    now: () => ({}),
    undo: async () => {
      if (how === "remount") {
        return makeWritable(image.mountPoint);
      }
      if (instance.pid !== undefined) {
        const title = `target "${instance.target.name}"`;
        throw new TargetError(
          "TARGET_FAULT_FAILED",
          `${title} runs on a disk that only mounting anew makes writable; stop or kill it first`,
        );
      }
      return mountAnew(image);
    },
    undone: () => ({ probeAfter: writeProbe(image.mountPoint) }),
  });
}

interface DiskState {
  readonly happened: boolean;
  readonly summary: string;
  readonly details: Details;
  readonly now: () => Details;
  readonly undo: () => Promise<void>;
  readonly undone?: () => Details;
}

function armed({ happened, summary, details, now, undo, undone = now }: DiskState): ArmedFault {
  let last: FaultEvidence | undefined;
  const evidence = () => last ?? { happened, summary, details: { ...details, ...now() } };
  return {
    evidence,
    happenedWithin: async (withinMs) => {
      // It holds from the beginning or not at all.
      await sleep(happened ? 0 : Math.min(withinMs, 1));
      return evidence();
    },
    release: async () => {
      if (last === undefined) {
        await attempt("the disk could not be released", undo);
        last = { happened, summary: `${summary}; released`, details: { ...details, ...undone() } };
      }
      return last;
    },
  };
}

function imageOf(instance: Instance, capability: Capability): { readonly mountPoint: string; readonly image: string } {
  demand(instance, capability);
  const image = imageMountOf(instance.dataDirectory ?? "");
  if (image === undefined) {
    throw new TargetError("TARGET_FAULT_FAILED", `target "${instance.target.name}" does not stand on an image of its own`);
  }
  return image;
}

async function attempt<T>(otherwise: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof TargetError) {
      throw cause;
    }
    throw new TargetError("TARGET_FAULT_FAILED", `${otherwise}: ${failureText(cause)}`, { cause });
  }
}
