/** What a command gets from the process around it, and the exit code it leaves. */
import type { ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";

export interface Session {
  readonly terminal: Terminal;
  /** Fires on Ctrl-C: end soon, keep what is known. */
  readonly signal: AbortSignal;
  readonly argv: readonly string[];
  exitCode: ExitCode;
}

/** The command as it was typed, for reports. */
export function commandLine(argv: readonly string[]): string {
  return ["npx streamproof", ...argv.map(quoted)].join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
