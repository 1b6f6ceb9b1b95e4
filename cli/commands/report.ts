/** `streamproof report`: the files of an earlier run, made anew from its results.json; no server needed. */
import { dirname } from "node:path";
import { Command } from "commander";
import { readResults } from "../../api/index.ts";
import { finish } from "./finish.ts";
import { defaultOut } from "./selection.ts";
import type { Session } from "./session.ts";

export function reportCommand(session: Session): Command {
  return new Command("report")
    .summary("make the report files again from results.json")
    .description("Reads results.json and writes junit.xml, summary.md and report.html beside it, or into --out.")
    .argument("[results]", "path of results.json", `${defaultOut}/results.json`)
    .option("-o, --out <dir>", "folder to write to; default: where results.json is")
    .option("--json", "print the verdict as JSON")
    .option("--strict", "failing `should` requirements count")
    .action((path: string, flags: { out?: string; json?: boolean; strict?: boolean }) => {
      finish(session, readResults(path), { ...flags, out: flags.out ?? dirname(path) });
    });
}
