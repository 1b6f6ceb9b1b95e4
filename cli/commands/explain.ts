/** `streamproof explain`: everything about one case: what it shows, why that must hold, and how. */
import { Command } from "commander";
import { explainName } from "../../api/index.ts";
import type { Session } from "./session.ts";

export function explainCommand(session: Session): Command {
  return new Command("explain")
    .summary("explain one case: requirement, source, steps")
    .argument("<case>", "full name, or a case id that only one suite has")
    .option("--json", "as JSON")
    .action((name: string, flags: { json?: boolean }) => explain(session, name, flags));
}

function explain({ terminal }: Session, name: string, flags: { json?: boolean }): void {
  const found = explainName(name);
  if (flags.json === true) {
    terminal.out(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const { bold, dim } = terminal.colors;
  const requirements = found.requirements.flatMap(({ id, level, says, basis, basisUrl, profiles }) => [
    `  ${bold(level)} ${id}: ${says}`,
    `    ${dim([basis, basisUrl, profiles.length === 0 ? undefined : `profiles ${profiles.join(", ")}`].filter((part) => part !== undefined).join(" · "))}`,
  ]);
  const lines = [
    bold(found.name),
    found.title,
    dim(found.place),
    "",
    "shows",
    ...requirements,
    ...(found.needs.length === 0 ? [] : ["", `needs ${found.needs.join(", ")}`]),
    "",
    "steps",
    ...found.steps.map((step) => `  ${step}`),
    "",
    `run it: npx streamproof certify '${found.name}'`,
  ];
  terminal.out(`${lines.join("\n")}\n`);
}
