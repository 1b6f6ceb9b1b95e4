/** Few file descriptors: opening a file or taking a connection fails with EMFILE once the server has as many as it may. */
import { readdirSync, readFileSync } from "node:fs";
import { execa } from "execa";
import { isOnPath } from "../executable.ts";
import { failureText } from "../failure-text.ts";
import { groupMembers } from "../proc.ts";
import { type Instance, TargetError } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { type ArmedFault, demand, runningPid } from "./armed.ts";

export interface FileLimitOptions {
  /** May be below what is open: that stays open. */
  readonly count: number;
}

/** Limits every process of a running server. Connections count as well as files. */
export async function limitFiles(instance: Instance, { count }: FileLimitOptions): Promise<ArmedFault> {
  demand(instance, "file-limit");
  const leader = runningPid(instance);
  const before = groupMembers(leader).map(({ pid }) => ({ pid, limit: softLimit(pid) }));
  for (const { pid } of before) {
    await setSoftLimit(pid, String(count));
  }
  const summary = `process ${leader} may have ${softLimit(leader) ?? "any number of"} open files instead of ${before[0]?.limit ?? "?"}`;
  const happened = before.every(({ pid }) => softLimit(pid) === String(count));
  let released = false;
  const evidence = () => ({
    happened,
    summary: released ? `${summary}; released` : summary,
    details: { pid: leader, limit: count, before: before[0]?.limit ?? "", openNow: openFiles(leader), limitNow: softLimit(leader) ?? "" },
  });
  return {
    evidence,
    happenedWithin: async (withinMs) => {
      await holdsWithin(() => happened, { withinMs: happened ? withinMs : 0 });
      return evidence();
    },
    release: async () => {
      if (!released) {
        // Ended processes took the limit with them.
        const alive = before.filter(({ pid }) => softLimit(pid) !== undefined);
        for (const { pid, limit = "" } of alive) {
          await setSoftLimit(pid, limit);
        }
        released = true;
      }
      return evidence();
    },
  };
}

/** Words for `start({ under })`: the limit holds from the first call on and can't be raised by the server. */
export function underFileLimit({ count }: FileLimitOptions): readonly string[] {
  return ["prlimit", `--nofile=${count}:${count}`, "--"];
}

async function setSoftLimit(pid: number, limit: string): Promise<void> {
  try {
    // A colon behind it leaves the hard limit alone, so that the way back needs no rights.
    await execa("prlimit", ["--pid", String(pid), `--nofile=${limit}:`], { timeout: 10_000 });
  } catch (cause) {
    throw new TargetError("TARGET_FAULT_FAILED", `the number of open files could not be limited: ${failureText(cause)}`, { cause });
  }
}

function softLimit(pid: number): string | undefined {
  try {
    return /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

let probe: Promise<string | undefined> | undefined;

/** Why not; undefined when it can be limited. Tried on a process of our own. */
export function fileLimitLack(): Promise<string | undefined> {
  probe ??= tryLimit();
  return probe;
}

async function tryLimit(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "limits of open files need Linux (prlimit)";
  }
  if (!isOnPath("prlimit")) {
    return "limits of open files need prlimit; apt install util-linux";
  }
  const [command, ...args] = [...underFileLimit({ count: 20 }), "sh", "-c", "ulimit -n"];
  const { stdout, stderr } = await execa(command, args, { reject: false, timeout: 10_000 });
  return stdout.trim() === "20" ? undefined : `open files can't be limited here: ${stderr.trim()}`;
}
