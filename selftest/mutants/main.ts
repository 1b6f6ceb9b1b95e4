/**
 * `npm run mutants -- [--only PATTERN] [--sample N --seed S] [--part I/N] [--state FILE] [--write]`: runs what must catch each mutant on it, and on the server
 * as it is. With `--write` the outcome of all becomes docs/mutations.md. Exits with 1 when a mutant gets away or a catcher fails on the server as it is.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { matchesPattern } from "../../suites/catalog/pattern.ts";
import { disposeAll } from "../../targets/live.ts";
import { documentPath, mutationsPage } from "./document.ts";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";
import { isCaught, type Outcome, OutcomeFile } from "./outcomes.ts";
import { sampleOf } from "./sample.ts";
import { type Trial, tryOn } from "./trial.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    part: { type: "string", default: "1/1" },
    state: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

function choose(): Mutant[] {
  const [part = 1, parts = 1] = values.part.split("/").map(Number);
  const asked = mutants.filter(({ id }) => values.only === undefined || matchesPattern(id, values.only));
  const chosen = values.sample === undefined ? asked : sampleOf(asked, Number(values.sample), Number(values.seed));
  return chosen.filter((_, at) => at % parts === part - 1);
}

function report(outcome: Outcome): void {
  const { mutant, trial, control } = outcome;
  process.stdout.write(`${isCaught(outcome) ? "caught" : "MISSED"} ${mutant.id}  ${trial.seconds} s  ${trial.says.slice(0, 200)}\n`);
  if (control.outcome !== "blind") {
    process.stdout.write(`       the server as it is: ${control.outcome}: ${control.says.slice(0, 200)}\n`);
  }
}

const chosen = choose();
if (values.write && chosen.length < mutants.length) {
  process.stderr.write("--write needs all mutants\n");
  process.exit(2);
}
const file = new OutcomeFile(values.state);
const controls = new Map<string, Trial>();
const outcomes: Outcome[] = [];
for (const mutant of chosen) {
  let outcome = file.known(mutant);
  if (outcome === undefined) {
    const key = JSON.stringify(mutant.caughtBy);
    const control = controls.get(key) ?? file.controlOf(mutant) ?? (await tryOn("none", mutant.caughtBy));
    controls.set(key, control);
    outcome = { mutant, trial: await tryOn(mutant.id, mutant.caughtBy), control };
    file.keep(outcome);
    report(outcome);
  }
  outcomes.push(outcome);
}
await disposeAll();
const caught = outcomes.filter(isCaught).length;
process.stdout.write(`${caught} of ${outcomes.length} mutants caught\n`);
const isGood = caught === outcomes.length && caught > 0;
if (values.write && isGood) {
  writeFileSync(documentPath, mutationsPage(outcomes));
}
process.exitCode = isGood ? 0 : 1;
