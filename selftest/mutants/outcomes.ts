/** What came of each mutant, and a file of it that a stopped run goes on from. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Mutant } from "./mutant.ts";
import type { Trial } from "./trial.ts";

export interface Outcome {
  readonly mutant: Mutant;
  readonly trial: Trial;
  readonly control: Trial;
}

export function isCaught({ trial, control }: Outcome): boolean {
  return trial.outcome === "caught" && control.outcome === "blind";
}

/** One outcome a line. It counts as long as the mutant is still the same. */
export class OutcomeFile {
  readonly #path: string | undefined;
  readonly #outcomes: Outcome[];

  constructor(path: string | undefined) {
    this.#path = path;
    const lines = path !== undefined && existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
    this.#outcomes = lines.filter((line) => line !== "").map((line): Outcome => JSON.parse(line));
  }

  known(mutant: Mutant): Outcome | undefined {
    return this.#outcomes.findLast((each) => JSON.stringify(each.mutant) === JSON.stringify(mutant) && isCaught(each));
  }

  /** The same catcher, on the server as it is. */
  controlOf({ caughtBy }: Mutant): Trial | undefined {
    const same = this.#outcomes.filter(({ mutant }) => JSON.stringify(mutant.caughtBy) === JSON.stringify(caughtBy));
    return same.find(({ control }) => control.outcome === "blind")?.control;
  }

  keep(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    if (this.#path !== undefined) {
      appendFileSync(this.#path, `${JSON.stringify(outcome)}\n`);
    }
  }
}
