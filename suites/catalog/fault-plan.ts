/**
 * What is done to a server under load, and when: one line of the plan of a campaign or a workload case. A number may be a range and a word a list;
 * a campaign then draws one of them for each cycle (`drawFault`), so that a cycle's own line holds neither.
 */
import { z } from "zod";
import { type CallGroup, callErrors } from "../../targets/faults/call-fault.ts";
import { fileFaultKinds } from "../../targets/faults/file-fault.ts";
import { type Capability, powerCutKinds } from "../../targets/target.ts";
import { duration, milliseconds } from "../verbs/fields.ts";
import { workloadIds } from "../workloads/workload.ts";
import { parseSize, sizePattern } from "./quantities.ts";
import { strict } from "./validation.ts";

/** Acknowledged operations of this kind. */
export const replyKinds = [
  "publish",
  "create-stream",
  "update-stream",
  "delete-stream",
  "purge",
  "delete-message",
  "create-consumer",
  "delete-consumer",
  "double-ack",
] as const;
export type ReplyKind = (typeof replyKinds)[number];

const callFamilies = ["write", "sync", "read", "open", "truncate", "rename", "unlink", "mkdir"] as const satisfies readonly CallGroup[];

const count = z.int().nonnegative();
const range = z.union([count, z.tuple([count, count])]);

function oneOrMore<T extends z.ZodType>(of: T) {
  return z.union([of, z.array(of).min(1)]);
}

/** Exactly one of `acked`, `reply` and `call`. `settled` ends the load there and has every operation answered before the blow. */
const moment = strict({
  acked: range.optional(),
  reply: oneOrMore(z.enum(replyKinds)).optional(),
  call: oneOrMore(z.enum(callFamilies)).optional(),
  /** Which reply or call of this kind, from 1. `each` goes through them all: one more each cycle, until the load meets no further one. */
  nth: z.union([range, z.literal("each")]).optional(),
  settled: z.boolean().optional(),
});

/** How the life ends in which a fault held for a while: what was acknowledged meanwhile has to be there afterwards. */
const ends = ["kill", "power-cut", "restart", "nothing"] as const;

const timed = {
  when: moment,
  /** Starts after it that are cut short by kill -9, one after the other. */
  starts: range.optional(),
  /** So many operations more are acknowledged: after a fault that holds, before the life it held in ends; after any other, in the new life. */
  after: count.optional(),
  /** In the new life the load runs once more, for as long as it wants to. */
  again: z.boolean().optional(),
  /** In campaigns: another load under this line than the campaign's own. */
  load: strict({ use: z.enum(workloadIds), writers: count.optional(), window: count.optional(), size: count.optional() }).optional(),
};
/** A fault that holds: for how long, and how that life ends. */
const lasting = { ...timed, lasts: duration().optional(), end: oneOrMore(z.enum(ends)).optional() };

const keep = oneOrMore(z.enum(powerCutKinds));
/** Forth or back from the time of the machine. */
const offset = z.string().regex(/^[+-]?(\d+(\.\d+)?(ms|s|m|h|d))+$/, "a time such as 1h or -1h");

const kinds = [
  strict({ do: z.literal("kill"), ...timed }),
  strict({ do: z.literal("restart"), ...timed }),
  strict({
    do: z.literal("power-cut"),
    keep: keep.optional(),
    names: z.enum(["ordered", "strict"]).optional(),
    seed: z.int().optional(),
    ...timed,
  }),
  strict({
    do: z.literal("damage"),
    kind: oneOrMore(z.enum(fileFaultKinds)),
    files: z.string().optional(),
    /** How the server is stopped before its files are damaged. */
    stopped: oneOrMore(z.enum(["kill", "gracefully"])).optional(),
    /** Files that are deleted besides. */
    without: z.string().optional(),
    /** Bit flips only: a sweep through every bit, inside a file one in every so many bytes at once. */
    spread: z.string().regex(sizePattern, "a size such as 1KiB").optional(),
    /** The tail of a file beyond its data, which is prepared for later writes. */
    where: z.enum(["data", "zeros"]).optional(),
    ...timed,
  }),
  strict({ do: z.literal("pause"), ...lasting }),
  strict({ do: z.literal("call-error"), error: oneOrMore(z.enum(callErrors)), repeats: oneOrMore(z.boolean()).optional(), ...lasting }),
  strict({ do: z.literal("delay"), by: duration(), repeats: oneOrMore(z.boolean()).optional(), ...lasting }),
  strict({ do: z.literal("fill-disk"), ...lasting }),
  strict({ do: z.literal("read-only"), ...lasting }),
  strict({ do: z.literal("little-memory"), limit: z.string().regex(sizePattern, "a size such as 64MiB").optional(), ...lasting }),
  strict({ do: z.literal("few-files"), count, ...lasting }),
  /** Needs a disk of the tool's own: so many bytes a second, so long for each sync. */
  strict({
    do: z.literal("slow-disk"),
    bandwidth: z.string().regex(sizePattern, "a size such as 1MB").optional(),
    sync: duration().optional(),
    ...lasting,
  }),
  strict({ do: z.literal("clock"), by: oneOrMore(offset), ...lasting }),
] as const;

export const faultFields = z.discriminatedUnion("do", kinds, {
  error: ({ code }) => (code === "invalid_union" ? `it takes one of ${kinds.map((each) => each.shape.do.value).join(", ")}` : undefined),
});
export type FaultFields = z.infer<typeof faultFields>;
export type FaultKind = FaultFields["do"];
/** What a server stands on whose disk is hurt; see docs/targets.md. */
export const volumeKinds = ["image", "fuse"] as const;
export type VolumeKind = (typeof volumeKinds)[number];

export const defaultLastsMs = 1000;

export function lastsMs(fault: FaultFields): number {
  return "lasts" in fault && fault.lasts !== undefined ? milliseconds(fault.lasts) : defaultLastsMs;
}

export function sizeOf(text: string): number {
  return parseSize(text) ?? 0;
}

const needsOfKind: Readonly<Record<FaultKind, readonly Capability[]>> = {
  kill: ["kill"],
  restart: ["restart"],
  "power-cut": ["power-cut"],
  damage: ["store-files"],
  pause: ["pause"],
  "call-error": ["system-calls"],
  delay: ["system-calls"],
  "fill-disk": ["disk-full"],
  "read-only": ["read-only"],
  "little-memory": ["memory-limit"],
  "few-files": ["file-limit"],
  "slow-disk": ["fuse"],
  clock: ["clock", "restart"],
};

/** Everything a target must offer for one line of a plan. A disk of the tool's own fails its operations itself, and is cut by itself. */
export function needsOfFault(fault: FaultFields, volume: VolumeKind = "image"): Capability[] {
  const needs = needsOnImage(fault);
  if (volume === "image") {
    return needs;
  }
  return [...new Set(needs.map((each): Capability => (each === "system-calls" || each === "power-cut" ? "fuse" : each)))];
}

function needsOnImage(fault: FaultFields): Capability[] {
  const stops =
    fault.do === "damage" ? listOf(fault.stopped ?? "kill").map((each): Capability => (each === "kill" ? "kill" : "restart")) : [];
  const end = "end" in fault ? listOf(fault.end ?? "kill").filter((each) => each !== "nothing") : [];
  const calls: Capability[] = fault.when.call === undefined ? [] : ["system-calls"];
  const starts: Capability[] = fault.starts === undefined ? [] : ["kill"];
  const stale: Capability[] = fault.do === "damage" && listOf(fault.kind).includes("stale-page") ? ["pause"] : [];
  return [...new Set([...needsOfKind[fault.do], ...stale, ...stops, ...end, ...calls, ...starts])];
}

/** What is wrong with a line and no schema can say; undefined when nothing is. */
export function faultProblem({ do: kind, when }: FaultFields): string | undefined {
  const given = [when.acked, when.reply, when.call].filter((each) => each !== undefined).length;
  if (given !== 1) {
    return `the moment of "${kind}" takes exactly one of acked, reply and call`;
  }
  if (when.nth !== undefined && when.acked !== undefined) {
    return `"nth" counts replies or calls; "acked" is a count itself`;
  }
  if ((kind === "call-error" || kind === "delay") !== (when.call !== undefined) && kind !== "kill") {
    return when.call === undefined ? `"${kind}" strikes at a call; add call to its moment` : `"${kind}" can't strike at a call`;
  }
  return undefined;
}

export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
