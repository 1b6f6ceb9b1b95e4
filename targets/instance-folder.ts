/**
 * The folder of one instance: configuration, volume, and a note of the process that runs in it. Its name holds the id and start time of the
 * tool that made it, so that another run can tell a leftover from a folder in use.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { processStatus } from "./proc.ts";

const prefix = "streamproof-";
const noteName = "process.json";

const note = z.object({ pid: z.number().int().positive(), startTime: z.string() });
export type ProcessNote = z.infer<typeof note>;

export function makeInstanceFolder(): string {
  const startTime = processStatus("self")?.startTime ?? "0";
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-${startTime}-`));
}

/** Whose folder it is; undefined when it is none of ours. */
export function ownerOf(folderName: string): { readonly pid: number; readonly startTime: string } | undefined {
  const match = /^streamproof-(\d+)-(\d+)-\w+$/.exec(folderName);
  return match === null ? undefined : { pid: Number(match[1]), startTime: match[2] ?? "" };
}

/** Written at once after the start, so that a tool that dies leaves a trace of what it started. */
export function noteProcess(folder: string, pid: number): void {
  writeFileSync(join(folder, noteName), JSON.stringify({ pid, startTime: processStatus(pid)?.startTime ?? "" } satisfies ProcessNote));
}

export function readProcessNote(folder: string): ProcessNote | undefined {
  try {
    return note.parse(JSON.parse(readFileSync(join(folder, noteName), "utf8")));
  } catch {
    return undefined;
  }
}
