/**
 * What the kernel says about processes (`/proc`). The start time in clock ticks since boot tells a process from a later one with the same
 * id. Where there is no `/proc`, nothing is known and callers must not claim more.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface ProcessStatus {
  readonly pid: number;
  readonly command: string;
  /** R, S, D, T (stopped), Z (dead, not yet waited for), … */
  readonly state: string;
  readonly group: number;
  readonly startTime: string;
}

export const procIsThere = existsSync("/proc/self/stat");

export function processStatus(pid: number | "self"): ProcessStatus | undefined {
  return statusIn(`/proc/${pid}/stat`);
}

/** Members of a process group, dead ones that nobody waited for excluded. */
export function groupMembers(group: number): ProcessStatus[] {
  return processIds()
    .map((pid) => processStatus(pid))
    .filter((status) => status !== undefined && status.group === group && status.state !== "Z" && status.state !== "X")
    .filter((status) => status !== undefined);
}

/** True when no thread of the group can be inside a system call any more: each is stopped. False when the group is empty. */
export function groupIsStopped(group: number): boolean {
  const members = groupMembers(group);
  return members.length > 0 && members.every(({ pid }) => threads(pid).every(isStopped));
}

function isStopped({ state, command }: ProcessStatus): boolean {
  // Kernel workers of io_uring are listed as threads and never stop; asleep they have no work.
  return "TtZX".includes(state) || (state === "S" && command.startsWith("iou-"));
}

function threads(pid: number): ProcessStatus[] {
  return readNames(`/proc/${pid}/task`).flatMap((thread) => statusIn(`/proc/${pid}/task/${thread}/stat`) ?? []);
}

function processIds(): number[] {
  return readNames("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function statusIn(file: string): ProcessStatus | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in brackets and may hold anything, brackets and blanks too.
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  const command = text.slice(text.indexOf("(") + 1, end);
  return { pid: Number.parseInt(text, 10), command, state: fields[0] ?? "", group: Number(fields[2]), startTime: fields[19] ?? "" };
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
