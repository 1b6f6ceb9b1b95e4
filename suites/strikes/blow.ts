/** One blow of one cycle: a line of the plan with every range and list drawn, so that it can be printed, repeated and gone through in order. */
import type { CallError, CallGroup } from "../../targets/faults/call-fault.ts";
import type { FileFaultKind } from "../../targets/faults/file-fault.ts";
import type { PowerCutAdversary } from "../../targets/target.ts";
import { defaultLastsMs, type FaultFields, type FaultKind, listOf, type ReplyKind, sizeOf } from "../catalog/fault-plan.ts";
import { milliseconds } from "../verbs/fields.ts";
import type { SeededRandom } from "../workloads/seeded-random.ts";

export type PowerCutKind = PowerCutAdversary["keep"];

export type Moment =
  | { readonly acked: number }
  | { readonly reply: ReplyKind; readonly nth: number }
  | { readonly call: CallGroup; readonly nth: number };

export interface Blow {
  readonly does: FaultKind;
  readonly moment: Moment;
  /** The load ends at the moment, and every operation is answered before the blow. */
  readonly settled: boolean;
  /** Starts after it that are cut short by kill -9, one on what the other left. */
  readonly starts: number;
  /** Of what the blow itself leaves open. */
  readonly seed: number;
  readonly keep: PowerCutKind;
  readonly names: "ordered" | "strict" | undefined;
  readonly damage: FileFaultKind;
  readonly files: string;
  readonly stopped: "kill" | "gracefully";
  readonly without: string | undefined;
  readonly where: "data" | "zeros" | undefined;
  /** One bit in every so many bytes; which one says `bit`, from 0. */
  readonly spreadBytes: number | undefined;
  readonly bit: number;
  readonly error: CallError;
  readonly repeats: boolean;
  readonly delayMs: number;
  readonly limitBytes: number | undefined;
  readonly bytesPerSecond: number | undefined;
  readonly syncMs: number | undefined;
  readonly offsetMs: number;
  readonly count: number;
  readonly lastsMs: number;
  readonly after: number;
  readonly again: boolean;
  readonly end: "kill" | "power-cut" | "restart" | "nothing";
}

/** Words that a sweep goes through one by one instead of drawing them. */
export interface Fixed {
  readonly call?: CallGroup;
  readonly error?: CallError;
  readonly repeats?: boolean;
  readonly nth?: number;
  readonly kind?: FileFaultKind;
}

/** Every line draws the same numbers in the same order, so that a line that is added leaves the others what they were. */
export function drawBlow(fault: FaultFields, random: SeededRandom, fixed: Fixed = {}): Blow {
  const one = <T>(value: T | readonly T[] | undefined, otherwise: T): T =>
    value === undefined ? otherwise : (random.pick(listOf(value)) ?? otherwise);
  const within = (value: number | readonly [number, number] | undefined, otherwise: number): number =>
    value === undefined ? otherwise : typeof value === "number" ? value : random.between(...value);
  const any: AnyFault = fault;
  const { when } = fault;
  const nth = fixed.nth ?? within(when.nth === "each" ? undefined : when.nth, 1);
  const moment: Moment =
    when.acked !== undefined
      ? { acked: within(when.acked, 0) }
      : when.reply !== undefined
        ? { reply: one(when.reply, "publish"), nth }
        : { call: fixed.call ?? one(when.call, "write"), nth };
  return {
    does: fault.do,
    moment,
    settled: when.settled === true,
    starts: within(fault.starts, 0),
    seed: any.seed ?? random.between(1, 0x7fffffff),
    keep: one(any.keep, "nothing"),
    names: any.names,
    damage: fixed.kind ?? one(any.kind, "bit-flip"),
    files: any.files ?? "**",
    stopped: one(any.stopped, "kill"),
    without: any.without,
    where: any.where,
    spreadBytes: any.spread === undefined ? undefined : sizeOf(any.spread),
    bit: (fixed.nth ?? 1) - 1,
    error: fixed.error ?? one(any.error, "EIO"),
    repeats: fixed.repeats ?? one(any.repeats, false),
    delayMs: fault.do === "delay" ? milliseconds(fault.by) : 0,
    bytesPerSecond: any.bandwidth === undefined ? undefined : sizeOf(any.bandwidth),
    syncMs: any.sync === undefined ? undefined : milliseconds(any.sync),
    offsetMs: fault.do === "clock" ? offsetMs(one(fault.by, "1h")) : 0,
    limitBytes: any.limit === undefined ? undefined : sizeOf(any.limit),
    count: any.count ?? 0,
    lastsMs: any.lasts === undefined ? defaultLastsMs : milliseconds(any.lasts),
    after: any.after ?? 0,
    again: any.again === true,
    end: one(any.end, "kill"),
  };
}

function offsetMs(text: string): number {
  return (text.startsWith("-") ? -1 : 1) * milliseconds(text.replace(/^[+-]/, ""));
}

type Keys<T> = T extends unknown ? keyof T : never;
type ValueOf<T, Key extends PropertyKey> = T extends { readonly [K in Key]?: infer Value } ? Exclude<Value, undefined> : never;
/** All fields that any kind of fault has. */
type AnyFault = { [Key in Keys<FaultFields>]?: ValueOf<FaultFields, Key> | undefined };

/** `power-cut keep=nothing at 812 acknowledged`, for progress, reports and resumed runs. */
export function printBlow(blow: Blow): string {
  const { does, starts } = blow;
  const words = [does, ...detailsOf(blow), printMoment(blow.moment)];
  return [...words, ...(blow.settled ? ["settled"] : []), ...(starts > 0 ? [`then ${starts} starts cut short`] : [])].join(" ");
}

function detailsOf(blow: Blow): string[] {
  switch (blow.does) {
    case "power-cut":
      return [`keep=${blow.keep}`, ...(blow.names === undefined ? [] : [`names=${blow.names}`])];
    case "damage":
      return [blow.damage, ...(blow.spreadBytes === undefined ? [] : [`bit ${blow.bit}`]), `after=${blow.stopped}`];
    case "call-error":
      return [blow.error, blow.repeats ? "for good" : "once"];
    case "delay":
      return [`${blow.delayMs}ms`];
    case "little-memory":
      return blow.limitBytes === undefined ? [] : [`${blow.limitBytes} bytes`];
    case "clock":
      return [`by ${blow.offsetMs} ms`];
    case "few-files":
      return [String(blow.count)];
    default:
      return [];
  }
}

export function printMoment(moment: Moment): string {
  if ("acked" in moment) {
    return `at ${moment.acked} acknowledged`;
  }
  return "reply" in moment ? `at reply ${moment.nth} to ${moment.reply}` : `at call ${moment.nth} of ${moment.call}`;
}
