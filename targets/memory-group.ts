/**
 * A control group of the kernel that limits the memory of what runs in it, version 1 or 2. It is made inside the tool's own group where that
 * is allowed, so that it can only tighten what holds already; its name and note tell a later run whose it was. Nothing of others is changed.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { makeInstanceFolder } from "./instance-folder.ts";
import { forgetLive, keepLive, type Live } from "./live.ts";
import { mounts } from "./volumes/mount.ts";
import { holdsWithin } from "./waiting.ts";

const noteName = "memory-group";
const emptyWithinMs = 10_000;

/** What both versions have under different names. */
const fileNames = {
  1: { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", peak: "memory.max_usage_in_bytes", events: "memory.oom_control" },
  2: { limit: "memory.max", used: "memory.current", peak: "memory.peak", events: "memory.events" },
} as const;

export interface MemoryState {
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** How many processes the kernel ended in it for want of memory. */
  readonly oomKills: number;
  readonly processes: readonly number[];
}

export class MemoryGroup implements Live {
  readonly #folder: string;
  readonly #parent: MemoryParent;
  readonly #directory: string;

  /** Throws where no such group can be made. */
  constructor(parent: MemoryParent, limitBytes: number) {
    this.#parent = parent;
    this.#folder = makeInstanceFolder();
    this.#directory = join(parent.directory, basename(this.#folder));
    try {
      writeFileSync(join(this.#folder, noteName), this.#directory);
      mkdirSync(this.#directory);
      this.setLimit(limitBytes);
    } catch (error) {
      this.disposeNow();
      throw error;
    }
    keepLive(this);
  }

  /** Words that put what follows them into the group before it runs. */
  get under(): readonly string[] {
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', join(this.#directory, "cgroup.procs")];
  }

  get name(): string {
    return basename(this.#directory);
  }

  setLimit(bytes: number): void {
    this.#write(fileNames[this.#parent.version].limit, String(bytes));
    // Without swap the limit is what it says; where there is none, the kernel has no such file.
    const [swapFile, swap] = this.#parent.version === 1 ? ["memory.memsw.limit_in_bytes", String(bytes)] : ["memory.swap.max", "0"];
    if (existsSync(join(this.#directory, swapFile))) {
      this.#write(swapFile, swap);
    }
  }

  state(): MemoryState {
    const { used, peak, events } = fileNames[this.#parent.version];
    const usedBytes = Number(this.#read(used));
    return {
      usedBytes,
      peakBytes: Number(this.#read(peak) || usedBytes),
      oomKills: Number(/^oom_kill (\d+)$/m.exec(this.#read(events))?.[1] ?? 0),
      processes: processesIn(this.#directory),
    };
  }

  /** Lets what runs in it go on without the limit, and removes it. */
  async release(): Promise<void> {
    for (const pid of processesIn(this.#directory)) {
      moveProcess(pid, this.#parent.own);
    }
    await this.dispose();
  }

  async dispose(): Promise<void> {
    await endMemoryGroup(this.#directory);
    rmSync(this.#folder, { recursive: true, force: true });
    forgetLive(this);
  }

  disposeNow(): void {
    try {
      killAll(this.#directory);
      removeSoon(this.#directory);
      rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // The folder stays, and by its note the next run's sweep of leftovers finds the group.
    }
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#directory, file), text);
  }

  #read(file: string): string {
    try {
      return readFileSync(join(this.#directory, file), "utf8").trim();
    } catch {
      return "";
    }
  }
}

/** Where groups can be made. */
export interface MemoryParent {
  readonly version: 1 | 2;
  readonly directory: string;
  /** The tool's own group. */
  readonly own: string;
}

/** undefined where the kernel offers none; the reason is for people. */
export function memoryParent(): MemoryParent | string {
  const groups = readText("/proc/self/cgroup").split("\n");
  const first = groups.map((line) => /^\d+:([^:]*,)?memory(?:,[^:]*)?:(.*)$/.exec(line)?.[2]).find((path) => path !== undefined);
  if (first !== undefined) {
    const own = ownGroup(
      mounts().find(({ type, options }) => type === "cgroup" && options.split(",").includes("memory"))?.mountPoint,
      first,
    );
    return own === undefined ? "the memory controller of cgroup v1 is not mounted" : { version: 1, directory: own, own };
  }
  const second = groups.map((line) => /^0::(.*)$/.exec(line)?.[1]).find((path) => path !== undefined);
  const own = second === undefined ? undefined : ownGroup(mounts().find(({ type }) => type === "cgroup2")?.mountPoint, second);
  if (own === undefined) {
    return "no cgroup file system is mounted";
  }
  // A group that holds processes can't hand the controller on, except the topmost; its neighbour is made where it was made itself.
  const directory = [own, dirname(own)].find((each) => readText(join(each, "cgroup.subtree_control")).split(/\s+/).includes("memory"));
  return directory === undefined
    ? "the memory controller is not handed on to this process's group; run under systemd-run --scope"
    : { version: 2, directory, own };
}

/** In a container the path may be one of the host's, and what is mounted is the container's own group. */
function ownGroup(mountPoint: string | undefined, path: string): string | undefined {
  if (mountPoint === undefined) {
    return undefined;
  }
  return [join(mountPoint, path), mountPoint].find((each) => existsSync(join(each, "cgroup.procs")));
}

/** The group that a folder of a tool that is gone belongs to. */
export function notedMemoryGroup(folder: string): string | undefined {
  const directory = readText(join(folder, noteName)).trim();
  return basename(directory) === basename(folder) && existsSync(directory) ? directory : undefined;
}

/** Ends what runs in it and removes it. */
export async function endMemoryGroup(directory: string): Promise<void> {
  killAll(directory);
  const gone = await holdsWithin(() => processesIn(directory).length === 0 && removed(directory), { withinMs: emptyWithinMs, everyMs: 10 });
  if (!gone) {
    throw new Error(`${directory} can't be removed`);
  }
}

function killAll(directory: string): void {
  for (const pid of processesIn(directory)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in the meantime.
    }
  }
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return !existsSync(directory);
  }
}

/** For the last moments of the tool, when nothing can be waited for but briefly: the killed are gone in milliseconds. */
function removeSoon(directory: string): void {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < 50 && !removed(directory); attempt++) {
    Atomics.wait(flag, 0, 0, 10);
  }
  if (existsSync(directory)) {
    throw new Error(`${directory} is still in use`);
  }
}

function moveProcess(pid: number, group: string): void {
  try {
    writeFileSync(join(group, "cgroup.procs"), String(pid));
  } catch {
    // It ended in the meantime.
  }
}

function processesIn(directory: string): number[] {
  return readText(join(directory, "cgroup.procs"))
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
