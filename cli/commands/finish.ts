/** The end of every run: files written, summary printed, exit code set. */
import { join } from "node:path";
import { type ConsolePalette, type Results, renderConsole, verdictOf, writeReports } from "../../api/index.ts";
import { exitCodes } from "../exit-codes.ts";
import type { RunFlags } from "./selection.ts";
import type { Session } from "./session.ts";

export interface FinishFlags extends RunFlags {
  readonly strict?: boolean;
  readonly failOn?: "inconclusive";
}

export function finish(session: Session, results: Results, flags: FinishFlags): void {
  const options = { ...(flags.strict === true ? { strict: true } : {}), ...(flags.failOn === undefined ? {} : { failOn: flags.failOn }) };
  const files = writeReports(results, flags.out, options);
  const { terminal } = session;
  const verdict = verdictOf(results, options);
  if (flags.json === true) {
    terminal.out(`${JSON.stringify({ type: "result", verdict: { ok: verdict.ok, exitCode: verdict.exitCode }, files, results })}\n`);
  } else {
    terminal.out(renderConsole(results, { palette: palette(terminal.colors), ...options }));
    terminal.out(`report: ${files.find((file) => file.endsWith(".html")) ?? join(flags.out, "report.html")}\n`);
  }
  session.exitCode = results.interrupted ? exitCodes.interrupted : verdict.exitCode;
}

function palette(colors: Session["terminal"]["colors"]): ConsolePalette {
  const { green, red, yellow, dim, bold } = colors;
  return { good: green, bad: red, warn: yellow, quiet: dim, strong: bold };
}
