/**
 * What happens to one of a server's system calls, as a description that can be printed and read back. Servers use different calls for the
 * same thing, so a fault names a group of them.
 */
import { seededRandom } from "../volumes/random.ts";

/** Calls that don't exist on a processor are left out there. */
export const callGroups = {
  write: ["write", "pwrite64", "writev", "pwritev", "pwritev2"],
  sync: ["fsync", "fdatasync", "sync_file_range", "syncfs", "msync"],
  read: ["read", "pread64", "readv", "preadv", "preadv2"],
  open: ["open", "openat", "openat2", "creat"],
  truncate: ["ftruncate", "truncate", "fallocate"],
  rename: ["rename", "renameat", "renameat2", "link", "linkat"],
  unlink: ["unlink", "unlinkat", "rmdir"],
  mkdir: ["mkdir", "mkdirat"],
} as const;
export type CallGroup = keyof typeof callGroups;

export const callErrors = ["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EROFS"] as const;
export type CallError = (typeof callErrors)[number];

/** strace counts no further. */
export const callsMax = 65_535;

export interface CallFault {
  readonly calls: CallGroup;
  /** Which call, from 1 to `callsMax`. Each thread counts its own, and each system call of the group by itself; exact for a thread that works alone. */
  readonly at: number;
  /** `kill` is SIGKILL before the call does anything; an error comes instead of the call; a delay before it. */
  readonly does: "kill" | "delay" | CallError;
  /** The call at that place only, unless this is true: then all later ones too. */
  readonly repeats?: boolean;
  /** Of a delay; 500 unless told. */
  readonly delayMs?: number;
  /** Only these files of the data folder, as of a `FileFault`. */
  readonly files?: string;
}

export interface DrawCallOptions {
  readonly seed: number;
  /** Up to which call; a workload's own number of calls. */
  readonly atMax: number;
  readonly calls?: readonly [CallGroup, ...CallGroup[]];
  readonly does?: readonly [CallFault["does"], ...CallFault["does"][]];
}

export function drawCallFault({ seed, atMax, calls = ["write", "sync"], does = ["kill", ...callErrors] }: DrawCallOptions): CallFault {
  const random = seededRandom(seed);
  const kind = random.pick(does);
  const fault = { calls: random.pick(calls), at: 1 + random.below(atMax), does: kind };
  return kind !== "kill" && random.below(2) === 1 ? { ...fault, repeats: true } : fault;
}

const delayMsDefault = 500;

/** `EIO calls=sync at=20 repeats files=msgs/*.blk`; read back by `parseCallFault`. */
export function printCallFault({ calls, at, does, repeats, delayMs, files }: CallFault): string {
  return [
    does,
    `calls=${calls}`,
    `at=${at}`,
    ...(repeats === true ? ["repeats"] : []),
    ...(delayMs === undefined ? [] : [`delay=${delayMs}ms`]),
    ...(files === undefined ? [] : [`files=${files}`]),
  ].join(" ");
}

/** undefined when the text is none. */
export function parseCallFault(text: string): CallFault | undefined {
  const match = /^(\S+) calls=(\w+) at=([1-9]\d*)( repeats)?(?: delay=(\d+)ms)?(?: files=(.+))?$/.exec(text);
  const [, word, group = "", at, repeats, delayMs, files] = match ?? [];
  const does = (["kill", "delay", ...callErrors] as const).find((each) => each === word);
  if (does === undefined || !isCallGroup(group)) {
    return undefined;
  }
  return {
    calls: group,
    at: Number(at),
    does,
    ...(repeats === undefined ? {} : { repeats: true }),
    ...(delayMs === undefined ? {} : { delayMs: Number(delayMs) }),
    ...(files === undefined ? {} : { files }),
  };
}

function isCallGroup(text: string): text is CallGroup {
  return Object.hasOwn(callGroups, text);
}

/** Reads and writes also go to connections, so they are bound to the data folder's files even when the fault names none. */
export function isBoundToFiles({ calls, files }: CallFault): boolean {
  return files !== undefined || calls === "read" || calls === "write";
}

/** What strace is to do; see "Tampering" in strace(1). */
export function straceArguments(fault: CallFault, paths: readonly string[]): string[] {
  const calls = callGroups[fault.calls].map((call) => `?${call}`).join(",");
  const when = `when=${fault.at}${fault.repeats === true ? "+" : ""}`;
  const inject = `inject=${calls}:${effect(fault)}:${when}`;
  const named = paths.flatMap((path) => ["-P", path]);
  return ["-f", "-y", "-s", "0", "-e", "signal=KILL", "-e", `trace=${calls}`, "-e", inject, ...named];
}

function effect({ does, delayMs = delayMsDefault }: CallFault): string {
  if (does === "kill") {
    return "signal=SIGKILL";
  }
  return does === "delay" ? `delay_enter=${delayMs * 1000}` : `error=${does}`;
}
