/** docs/mutations.md, from the list of mutants and what came of them. */
import { join } from "node:path";
import { type Catcher, type Mutant, root } from "./mutant.ts";
import { areas } from "./mutants.ts";
import type { Outcome } from "./outcomes.ts";

export const documentPath: string = join(root, "docs/mutations.md");

const saysMax = 160;

export function mutationsPage(outcomes: readonly Outcome[]): string {
  const byId = new Map(outcomes.map((each) => [each.mutant.id, each]));
  const tables = areas.map(({ title, mutants }) => {
    const rows = mutants.flatMap(({ id }) => byId.get(id) ?? []).map(row);
    return `## ${title}\n\n| mutant | the server … | caught by | what that said | s |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  const caught = outcomes.filter(({ trial }) => trial.outcome === "caught").length;
  return `${introduction}\n**${caught} of ${outcomes.length} caught.**\n\n${tables.join("\n")}`;
}

/** What a row says without having been run: a test compares it with the page. */
export function rowHead({ id, about, caughtBy }: Mutant): string {
  return `| \`${id}\` | ${about} | ${catcherText(caughtBy)} |`;
}

function row({ mutant, trial }: Outcome): string {
  const { caughtBy } = mutant;
  const isNamed = "case" in caughtBy && trial.says.startsWith(`${caughtBy.case}: `);
  return `${rowHead(mutant)} ${cell(isNamed ? trial.says.slice(caughtBy.case.length + 2) : trial.says)} | ${trial.seconds} |`;
}

function catcherText(catcher: Catcher): string {
  if ("case" in catcher) {
    return `\`${catcher.case}\``;
  }
  return "simulation" in catcher
    ? `\`npm run simulate -- --seed ${catcher.simulation}\``
    : `\`crash ${catcher.campaign} --cycles ${catcher.cycles} --seed ${catcher.seed}\``;
}

/** The first line. */
function cell(text: string): string {
  const line = (text.split("\n", 1)[0] ?? "").replaceAll(/\s+/g, " ").trim().replaceAll("|", "\\|").replaceAll("<", "&lt;");
  return line.length > saysMax ? `${line.slice(0, saysMax)}…` : line;
}

const introduction = `# Seeded mistakes

Who judges servers has to be judged. Each row is the reference server with one mistake in it, put there while its source loads
(\`selftest/mutants/\`; the shipped code holds no switch for it), and what finds the mistake from outside, without knowing the source: a case of the
suites, a campaign of \`crash\`, or, for mistakes that only show in rare moments, the simulation. The same case, campaign or seed passes on the server as
it is.

Made by \`npm run mutants -- --write\`; \`npm run mutants -- --only 'loses-*'\` tries some. A test sees to it that each text to replace is still in the source,
exactly once, and that this page names all mutants and their catchers.
`;
