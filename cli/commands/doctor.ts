/** `streamproof doctor`: what this machine can do, and what to type for what it can't. */
import { Command } from "commander";
import { examineMachine, removeLeftBehind } from "../../api/index.ts";
import { addTargetFlags, type TargetFlags } from "./selection.ts";
import type { Session } from "./session.ts";

interface DoctorFlags extends TargetFlags {
  readonly json?: boolean;
  readonly clean?: boolean;
}

export function doctorCommand(session: Session): Command {
  const command = new Command("doctor").summary("show what this machine has and what is missing");
  return addTargetFlags(command)
    .option("--clean", "remove processes, mounts and folders that killed runs left behind")
    .option("--json", "as JSON")
    .action((flags: DoctorFlags) => doctor(session, flags));
}

async function doctor({ terminal }: Session, flags: DoctorFlags): Promise<void> {
  if (flags.clean === true) {
    await removeLeftBehind();
  }
  const report = await examineMachine(flags);
  if (flags.json === true) {
    terminal.out(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const { green, yellow, dim, bold } = terminal.colors;
  const facts = report.facts.map(({ ok, title, found, usedFor, advice }) => {
    const tail = ok || advice === undefined ? "" : `\n          ${yellow(advice)}`;
    return `${ok ? green("ok     ") : yellow("missing")} ${title.padEnd(22)} ${found} ${dim(`(${usedFor})`)}${tail}`;
  });
  const capabilities = Object.entries(report.capabilities).map(([name, reason]) => {
    return reason === undefined ? `${green("ok     ")} ${name}` : `${yellow("missing")} ${name.padEnd(22)} ${reason}`;
  });
  terminal.out([bold("this machine"), ...facts, "", bold(`what ${flags.target} offers here`), ...capabilities, ""].join("\n"));
}
