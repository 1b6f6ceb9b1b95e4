/**
 * What tools that were killed left behind: folders, mounts and servers. A folder counts as leftover only when the process that made it is
 * gone (same id and same start time), and a server is ended only when it is the very process the folder's note names.
 */
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { ownerOf, readProcessNote } from "./instance-folder.ts";
import { endMemoryGroup, notedMemoryGroup } from "./memory-group.ts";
import { groupMembers, processStatus, procIsThere } from "./proc.ts";
import { mounts, unmount } from "./volumes/mount.ts";
import { holdsWithin } from "./waiting.ts";

export interface Leftover {
  readonly folder: string;
  readonly ownerPid: number;
  readonly mounts: readonly string[];
  /** Process group of a server that still runs. */
  readonly serverPid: number | undefined;
}

const endWithinMs = 10_000;

/** Empty where the system has no `/proc`: nothing is removed on a guess. */
export function findLeftovers(): Leftover[] {
  if (!procIsThere) {
    return [];
  }
  return readdirSync(tmpdir()).flatMap((name) => {
    const owner = ownerOf(name);
    if (owner === undefined || processStatus(owner.pid)?.startTime === owner.startTime) {
      return [];
    }
    const folder = join(tmpdir(), name);
    return {
      folder,
      ownerPid: owner.pid,
      mounts: mounts()
        .map(({ mountPoint }) => mountPoint)
        .filter((mountPoint) => mountPoint.startsWith(folder + sep)),
      serverPid: runningServer(folder),
    };
  });
}

/** Ends, unmounts and removes them. Rejects with all failures together. */
export async function removeLeftovers(leftovers: readonly Leftover[] = findLeftovers()): Promise<void> {
  const results = await Promise.allSettled(leftovers.map(removeLeftover));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) {
    throw new AggregateError(failures, "some leftovers could not be removed");
  }
}

async function removeLeftover({ folder, mounts, serverPid }: Leftover): Promise<void> {
  if (serverPid !== undefined) {
    killGroup(serverPid);
    await holdsWithin(() => groupMembers(serverPid).length === 0, { withinMs: endWithinMs });
  }
  for (const mountPoint of mounts) {
    await unmount(mountPoint);
  }
  const memoryGroup = notedMemoryGroup(folder);
  if (memoryGroup !== undefined) {
    await endMemoryGroup(memoryGroup);
  }
  await rm(folder, { recursive: true, force: true });
}

function runningServer(folder: string): number | undefined {
  const note = readProcessNote(folder);
  if (note === undefined || groupMembers(note.pid).length === 0) {
    return undefined;
  }
  const leader = processStatus(note.pid);
  // A group lives on without its leader; its id is not given to anybody else meanwhile.
  return leader === undefined || leader.startTime === note.startTime ? note.pid : undefined;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
