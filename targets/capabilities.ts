/**
 * What can be done to a started server on this machine. Mounting is tried once for real, because root in a container may still not be
 * allowed to; the answer is kept for the life of the tool.
 */
import { isAbsolute } from "node:path";
import { isOnPath } from "./executable.ts";
import { failureText } from "./failure-text.ts";
import { clockLackOf } from "./faults/clock-jump.ts";
import { fileLimitLack } from "./faults/file-limit.ts";
import { memoryLimitLack } from "./faults/memory-limit.ts";
import { systemCallsLack } from "./faults/system-calls-probe.ts";
import { makeInstanceFolder } from "./instance-folder.ts";
import { nodeExecutable } from "./launch.ts";
import { forgetLive, keepLive } from "./live.ts";
import { procIsThere } from "./proc.ts";
import { allCapabilities, type Capabilities, type Capability } from "./target.ts";
import type { TargetFile } from "./target-file.ts";
import { fuseLack } from "./volumes/fuse/probe.ts";
import { createImageVolume } from "./volumes/image.ts";

/** Programs an image volume needs, and the Debian package that has each. */
const imagePrograms: readonly (readonly [program: string, from: string])[] = [
  ["mkfs.ext4", "e2fsprogs"],
  ["filefrag", "e2fsprogs"],
  ["mount", "mount"],
  ["umount", "mount"],
  ["cp", "coreutils"],
  ["sync", "coreutils"],
];

/** `executable` is the one found for a target whose command names `{executable}`. */
export async function startedCapabilities(file: TargetFile, executable?: string): Promise<Capabilities> {
  const has = new Set<Capability>();
  const missing = new Map<Capability, string>();
  const decide = (capability: Capability, lack: string | undefined) => {
    if (lack === undefined) {
      has.add(capability);
    } else {
      missing.set(capability, lack);
    }
  };
  const windows = process.platform === "win32" ? "Windows has no process groups and signals; use Linux or macOS" : undefined;
  decide("restart", windows);
  decide("kill", windows);
  decide("pause", procIsThere ? undefined : "a pause can't be proven without /proc; use Linux");
  decide("store-files", undefined);
  const configurable = file.config !== undefined || Object.keys(file.settings).length > 0;
  decide("configure", configurable ? undefined : `${file.file} has neither "config" nor "settings"`);
  const program = programOf(file, executable);
  const [cut, calls, memory, files, fuse, clock] = await Promise.all([
    powerCutLack(),
    systemCallsLack(),
    memoryLimitLack(),
    fileLimitLack(),
    fuseLack(),
    program === undefined ? `which program "${file.command[0] ?? ""}" is can't be told` : clockLackOf(program),
  ]);
  decide("power-cut", cut);
  decide("disk-full", cut ?? programLack("fallocate", "util-linux"));
  decide("read-only", cut);
  decide("system-calls", calls);
  decide("memory-limit", memory);
  decide("file-limit", files);
  decide("fuse", fuse);
  decide("clock", clock);
  return { has, missing };
}

/** The program that becomes the server, as far as the target file tells. */
function programOf({ command: [word = ""] }: TargetFile, executable: string | undefined): string | undefined {
  if (word === "{node}") {
    return nodeExecutable();
  }
  if (word === "{executable}") {
    return executable;
  }
  return isAbsolute(word) ? word : undefined;
}

/** What a server's data stands on. */
export type Ground = "folder" | "image" | "fuse";

/** Capabilities of the disk under the server, and on which grounds each can be had. */
const diskCapabilities: readonly (readonly [capability: Capability, grounds: readonly Ground[]])[] = [
  ["power-cut", ["image", "fuse"]],
  ["disk-full", ["image", "fuse"]],
  ["read-only", ["image", "fuse"]],
  ["fuse", ["fuse"]],
];

/** Of what the machine can do, what an instance on this ground offers. A disk of our own needs no image for the faults of disks. */
export function capabilitiesOn(ground: Ground, machine: Capabilities): Capabilities {
  const has = new Set(machine.has);
  const missing = new Map(machine.missing);
  for (const [capability, grounds] of diskCapabilities) {
    if (ground === "fuse") {
      has.add(capability);
      missing.delete(capability);
    } else if (!grounds.includes(ground) && has.delete(capability)) {
      const how = capability === "fuse" ? 'volume: "fuse"' : "powerCut";
      missing.set(capability, `this instance stands on ${ground === "image" ? "an image" : "a plain folder"}; provision it with ${how}`);
    }
  }
  return { has, missing };
}

export function noCapabilities(reason: string): Capabilities {
  return { has: new Set(), missing: new Map(allCapabilities.map((capability) => [capability, reason])) };
}

function programLack(program: string, from: string): string | undefined {
  return isOnPath(program) ? undefined : `this needs ${program}; install ${from} (apt install ${from})`;
}

let probe: Promise<string | undefined> | undefined;

/** Why this machine can't cut power, and what to do; undefined when it can. */
export function powerCutLack(): Promise<string | undefined> {
  probe ??= tryPowerCut();
  return probe;
}

async function tryPowerCut(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "power cuts need Linux (ext4 on a loop device); run in a Linux machine or a privileged container";
  }
  if (process.getuid?.() !== 0) {
    return "power cuts mount an image, which needs root; run as root (sudo)";
  }
  for (const [program, from] of imagePrograms) {
    if (!isOnPath(program)) {
      return `power cuts need ${program}; install ${from} (apt install ${from})`;
    }
  }
  return tryImage();
}

/** A mount, a snapshot and a swap, as a real cut does them. */
async function tryImage(): Promise<string | undefined> {
  const folder = makeInstanceFolder();
  let volume: Awaited<ReturnType<typeof createImageVolume>> | undefined;
  try {
    volume = await createImageVolume(folder, 16 * 1024 * 1024);
    keepLive(volume);
    await volume.replaceWith(await volume.snapshot({ keep: "random", seed: 0 }));
    return undefined;
  } catch (error) {
    return `an image can't be mounted and cut here (in a container: give it --privileged): ${failureText(error)}`;
  } finally {
    await volume?.dispose();
    if (volume !== undefined) {
      forgetLive(volume);
    }
  }
}
