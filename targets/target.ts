/**
 * What a system under test is to the rest of the tool. A case or campaign asks for a capability ("can it be power-cut?"), never for a
 * product. `providers/` start things, `volumes/` hold their data, `faults/` hurt them; this file is what they share.
 */
import type { FaultEvidence } from "../evidence/history/events.ts";
import type { FuseVolume } from "./volumes/fuse/volume.ts";

/**
 * - `restart`    graceful stop and start on the same data
 * - `kill`       kill -9 of the whole process group; the page cache survives
 * - `power-cut`  what was not synced is gone; needs a volume that is an image
 * - `pause`      SIGSTOP / SIGCONT
 * - `store-files` the data folder can be read and changed while the server is down
 * - `configure`  configuration can be set before the start
 * - `system-calls` single system calls can be ended by SIGKILL, failed or delayed
 * - `disk-full`, `read-only` the volume can be filled, or made read-only; needs a volume that is an image
 * - `memory-limit` the server's memory can be limited, up to its end by the kernel
 * - `file-limit` the number of its file descriptors can be limited
 * - `fuse` the volume is a disk of this tool's own: faults at single operations, their counts and their order; needs `volume: "fuse"`
 * - `clock` its wall clock can be made to jump
 */
export const allCapabilities = [
  "restart",
  "kill",
  "power-cut",
  "pause",
  "store-files",
  "configure",
  "system-calls",
  "disk-full",
  "read-only",
  "memory-limit",
  "file-limit",
  "fuse",
  "clock",
] as const;
export type Capability = (typeof allCapabilities)[number];

/** A server that can be asked for, not yet running. Resolving one reads its file and finds its executable. */
export interface Target {
  /** As given on the command line: `embedded`, `nats-server@2.15.2`, `bin:/path`, `nats://host:port`. */
  readonly name: string;
  /** Stable key of its target file, for known-failing lists: `embedded`, `nats-server`, `url`, … */
  readonly key: string;
  /** `--set key=value` and what the target file fixes: settings that change verdicts, shown in every report. */
  readonly settings: Readonly<Record<string, string>>;
  /** What it says it can do, from its file; probed before a run. */
  readonly claims: Claims;
  /** Known-failing entries that stand beside the target file. */
  readonly knownFailing: readonly KnownFailing[];
  /** What this target offers on this machine, with the reason for each thing it lacks. */
  capabilities(): Promise<Capabilities>;
  /** Makes a volume and starts a server on it. Nothing is left behind after `dispose()`, also when this rejects. */
  provision(options?: ProvisionOptions): Promise<Instance>;
}

export interface Claims {
  readonly apiLevel: number | undefined;
  readonly features: readonly string[];
}

export interface KnownFailing {
  /** Case name with `*` and `**`. */
  readonly pattern: string;
  readonly reason: string;
  readonly link: string;
  /** Where the entry stands, `file:line`. */
  readonly place: string;
}

export interface Capabilities {
  readonly has: ReadonlySet<Capability>;
  /** For each missing one: why, and what to do. */
  readonly missing: ReadonlyMap<Capability, string>;
}

export interface ProvisionOptions {
  /** Ask for a volume that can be power-cut, filled and made read-only; rejects with `TARGET_CAPABILITY_MISSING` where it can't be had. */
  readonly powerCut?: boolean;
  /**
   * What the server's data stands on when `powerCut` is asked for: an ext4 image (the default), or a disk that this tool plays itself through
   * FUSE. Alone, `fuse` asks for power cuts too.
   */
  readonly volume?: "image" | "fuse";
  /** Configuration over the target's own, as `--set`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly startTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StartOptions {
  /**
   * Words before the command of this one life: a program that sets something up and then becomes the server by `exec`, so that process
   * id and group stay what they are without it.
   */
  readonly under?: readonly string[];
}

/** A provisioned server: one volume, one address, several lives. Every call has a deadline of its own. */
export interface Instance {
  readonly target: Target;
  /** Same host and port through all lives. */
  readonly url: string;
  /** Counts the server's lives, from 1. */
  readonly epoch: number;
  readonly pid: number | undefined;
  readonly capabilities: Capabilities;
  /** Settings in force, the target's and the instance's together. */
  readonly settings: Readonly<Record<string, string>>;
  /** Name and version the server gives in INFO. */
  readonly server: { readonly name: string; readonly version: string };
  /** The newest lines the server printed, for failures. */
  logTail(lines?: number): readonly string[];
  /** Milliseconds until it answered; rejects with `TARGET_NOT_READY` in bounded time. */
  start(options?: StartOptions): Promise<number>;
  /** Graceful stop (SIGTERM), then SIGKILL when it does not end in time. */
  stop(): Promise<FaultEvidence>;
  /** SIGKILL of the process group. The caller starts it again. Only with `kill`. */
  kill(): Promise<FaultEvidence>;
  /** Freeze, snapshot the volume as `adversary` says, kill, put the snapshot in its place. The caller starts it again. Only with `power-cut`. */
  powerCut(adversary: PowerCutAdversary): Promise<FaultEvidence>;
  pause(): Promise<FaultEvidence>;
  resume(): Promise<FaultEvidence>;
  /** The folder that holds the server's data; only with `store-files`. */
  readonly dataDirectory: string | undefined;
  /** The disk under the data folder; only with `fuse`. Faults over it are in `faults/disk-fault.ts`. */
  readonly disk?: FuseVolume | undefined;
  /** Ends the process, unmounts, removes the volume. Idempotent. */
  dispose(): Promise<void>;
}

/** Every way a cut can leave the disk in; `random`, `torn` and `grown` are drawn from a seed. */
export const powerCutKinds = ["nothing", "everything", "random", "torn", "grown"] as const;

/**
 * Which of the bytes written but not synced survive the cut. A server is safe only if all leave every acknowledged change in place.
 *
 * - `nothing`, `everything`, `random` (a seeded mix of sectors)
 * - `torn`  the writes up to some one arrived, that one up to a sector of 512 bytes, and nothing after it
 * - `grown` metadata is ahead of data: sizes and names arrived, of the bytes behind them only some; where a file grew there are zeros
 *
 * `names` says what the disk promises about names of files (created, renamed, unlinked) that no sync of their folder covered:
 * `ordered`, the default, as a journal does; `strict` as little as POSIX, which only the FUSE volume can show.
 */
export type PowerCutAdversary = (
  | { readonly keep: "nothing" | "everything" }
  | { readonly keep: "random" | "torn" | "grown"; readonly seed: number }
) & { readonly names?: "ordered" | "strict" };

export type TargetErrorCode =
  | "TARGET_UNKNOWN"
  | "TARGET_FILE_INVALID"
  | "TARGET_EXECUTABLE_NOT_FOUND"
  | "TARGET_NOT_READY"
  | "TARGET_EXITED"
  | "TARGET_UNREACHABLE"
  | "TARGET_CAPABILITY_MISSING"
  | "TARGET_SETTING_UNKNOWN"
  | "TARGET_FAULT_FAILED";

/** The environment is broken, not the server wrong: exit code 3 (2 for unknown names and invalid files). */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly code: TargetErrorCode;
  constructor(code: TargetErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
