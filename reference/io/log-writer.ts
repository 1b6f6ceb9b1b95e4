/** Log lines in the official server's form: `[pid] 2026/01/02 03:04:05.123456 [INF] text`, to standard error or a file. */
import { openSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { ServerLog } from "../server-log.ts";

export interface LogSettings {
  readonly pid: number;
  readonly debug: boolean;
  readonly trace: boolean;
  readonly time: boolean;
  readonly utc: boolean;
  /** undefined = standard error. */
  readonly file: string | undefined;
  /** Colours the levels, for a terminal. */
  readonly colours: boolean;
}

const STANDARD_ERROR = 2;
const FILE_MODE = 0o640;
const COLOURS: Readonly<Record<string, number>> = { INF: 32, DBG: 36, WRN: 33, ERR: 31, FTL: 31, TRC: 33 };

/** Lines are written at once, so that whoever waits for one in a pipe or a file sees it. Throws when the file can't be opened. */
export function logWriter(settings: LogSettings): ServerLog {
  const target = settings.file === undefined ? STANDARD_ERROR : openSync(settings.file, "a", FILE_MODE);
  const colours = settings.colours && settings.file === undefined;

  function line(level: string, text: string): void {
    const label = colours ? `\u001b[${COLOURS[level]}m${level}\u001b[0m` : level;
    const time = settings.time ? ` ${timeText(settings.utc)}` : "";
    try {
      writeSync(target, `[${settings.pid}]${time} [${label}] ${text}\n`);
    } catch {
      // A full disk or a closed pipe must not end a server that works otherwise.
    }
  }

  return {
    debugging: settings.debug,
    tracing: settings.trace,
    info: (text) => line("INF", text),
    debug: (text) => (settings.debug ? line("DBG", text) : undefined),
    warn: (text) => line("WRN", text),
    error: (text) => line("ERR", text),
    fatal: (text) => line("FTL", text),
    trace: (text) => (settings.trace ? line("TRC", text) : undefined),
  };
}

function timeText(utc: boolean): string {
  const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const now = new Date(microseconds / 1000);
  const local = utc ? now : new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  const [date = "", time = ""] = local.toISOString().slice(0, 19).split("T");
  return `${date.replaceAll("-", "/")} ${time}.${String(microseconds % 1_000_000).padStart(6, "0")}`;
}
