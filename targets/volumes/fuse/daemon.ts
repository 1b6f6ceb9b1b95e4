/**
 * The process that is the disk. A server blocked on it blocks nothing else, and the tool may use the mount like any other. It ends with the
 * channel to the tool, however the tool ends, and takes the mount out of sight first.
 */
import { spawn } from "node:child_process";
import { Device } from "./device.ts";
import type { DiskCalls, DiskFault, Question, Reply } from "./disk-calls.ts";
import { FileSystem } from "./file-system.ts";
import type { Survivors } from "./survival.ts";

const endWithinMs = 5000;

let device: Device | undefined;
let mounted: string | undefined;
let survivors: Survivors | undefined;

function disk(): Device {
  if (device === undefined) {
    throw new Error("the disk is not mounted");
  }
  return device;
}

const calls: DiskCalls = {
  mount: async ({ mountPoint, sizeBytes }) => {
    const system = new FileSystem(sizeBytes);
    // The server is given a folder that exists, as an operator would; a cut must not take that away.
    system.tree.add(system.tree.root, "data", system.tree.makeFolder(0o040755));
    system.tree.syncAllNames();
    device = new Device(system, end);
    mounted = mountPoint;
    await device.mount(mountPoint);
  },
  survivors: ({ adversary, names }) => {
    survivors = disk().system.survivors(adversary, names);
    const { unsyncedBytes, droppedBytes, pendingNames, droppedNames, shape } = survivors;
    return { unsyncedBytes, droppedBytes, pendingNames, droppedNames, shape };
  },
  adopt: () => {
    if (survivors === undefined) {
      throw new Error("no cut was worked out");
    }
    disk().letGo();
    disk().system.adopt(survivors.tree);
    survivors = undefined;
  },
  letGo: () => disk().letGo(),
  arm: (fault: DiskFault) => disk().faults.arm(fault),
  faultState: ({ id }) => stateOf(id),
  disarm: ({ id }) => {
    const state = stateOf(id);
    disk().faults.disarm(id);
    disk().resume(id);
    return state;
  },
  speed: (speed) => disk().faults.setSpeed(speed),
  limit: (limit) => {
    const { system } = disk();
    system.limit =
      limit === undefined
        ? { usedBytes: system.sizeBytes, error: "ENOSPC" }
        : { usedBytes: system.usedBytes + limit.freeBytes, error: limit.error };
    return { freeBytes: system.freeBytes, usedBytes: system.usedBytes };
  },
  readOnly: ({ readOnly }) => {
    disk().system.readOnly = readOnly;
  },
  counts: () => disk().trace.counts,
  trace: ({ number }) => disk().trace.from(number),
};

function stateOf(id: number) {
  return { ...disk().faults.state(id), held: disk().heldBy(id) };
}

process.on("message", (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the tool's own end writes into this channel
  const { id, call, argument } = message as Question;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the argument belongs to the call, which the type of `ask` sees to
  const perform = calls[call] as (argument: unknown) => unknown;
  void answerTo(id, () => perform(argument));
});

async function answerTo(id: number, perform: () => unknown): Promise<void> {
  try {
    answer({ id, result: await perform() });
  } catch (error) {
    answer({ id, failure: error instanceof Error ? error.message : String(error) });
  }
}

function answer(reply: Reply): void {
  if (process.connected) {
    process.send?.(reply);
  }
}

/** Not waited for in place: looking at the mount is a request to this very process. */
process.on("disconnect", () => {
  device?.letGo();
  setTimeout(end, endWithinMs);
  if (mounted === undefined) {
    end();
  } else {
    spawn("umount", ["-l", mounted], { stdio: "ignore" }).once("close", end);
  }
});

/**
 * An exit waits for the thread that reads the next request, and that one sleeps for as long as anybody, a container that copied the mount for
 * instance, holds the disk. Nothing is left to save here, and the kernel takes a disk away whose process is killed.
 */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}

// The tool's own ends are told by the channel; a Ctrl-C at the terminal must not take the disk away from under a server that is being stopped.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
