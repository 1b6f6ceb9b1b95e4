/** `streamproof list`: what there is to run. */
import { Command } from "commander";
import { catalogue } from "../../api/index.ts";
import type { Session } from "./session.ts";

interface ListFlags {
  readonly requirements?: boolean;
  readonly profiles?: boolean;
  readonly campaigns?: boolean;
  readonly loads?: boolean;
  readonly profile?: string;
  readonly json?: boolean;
}

export function listCommand(session: Session): Command {
  return new Command("list")
    .summary("list cases, requirements, profiles, campaigns or load profiles")
    .argument("[patterns...]", "case names with `*` and `**`")
    .option("--profile <name>", "only cases of this profile")
    .option("--requirements", "what is checked, with levels")
    .option("--profiles", "named sets of requirements")
    .option("--campaigns", "what `crash` can run")
    .option("--loads", "what `load` can run")
    .option("--json", "as JSON")
    .action((patterns: string[], flags: ListFlags) => list(session, patterns, flags));
}

function list({ terminal }: Session, patterns: readonly string[], flags: ListFlags): void {
  const all = catalogue({ patterns, profile: flags.profile });
  const [entries, line] = chosen(all, flags);
  terminal.out(flags.json === true ? `${JSON.stringify(entries, null, 2)}\n` : `${line.join("\n")}\n`);
}

function chosen(all: ReturnType<typeof catalogue>, flags: ListFlags): [unknown, string[]] {
  if (flags.requirements === true) {
    return [all.requirements, all.requirements.map(({ id, level, says }) => `${level.padEnd(8)} ${id}  ${says}`)];
  }
  for (const kind of ["profiles", "campaigns", "loads"] as const) {
    if (flags[kind] === true) {
      return [all[kind], all[kind].map(({ name, about }) => `${name.padEnd(20)} ${about}`)];
    }
  }
  const lines = all.cases.map(
    ({ name, level, needs }) => `${level.padEnd(8)} ${name}${needs.length === 0 ? "" : `  needs ${needs.join(", ")}`}`,
  );
  return [all.cases, lines];
}
