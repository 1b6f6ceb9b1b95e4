/**
 * Makes a failure of a campaign small: looks for the fewest operations that, one at a time on a fresh server and followed by the same fault, still fail. First
 * the culprit alone, then with more and more of what came before it, then (delta debugging) with parts of that left out. Bounded in tries and in time.
 */
import type { History } from "../../evidence/history/history.ts";
import type { Target } from "../../targets/target.ts";
import { caseFile } from "../catalog/case-file.ts";
import { type Case, expand, needsOwnDisk } from "../catalog/matrix.ts";
import { validate } from "../catalog/validation.ts";
import { readYaml } from "../catalog/yaml-source.ts";
import { runCase } from "../runner/run-case.ts";
import type { Blow } from "../strikes/blow.ts";
import { type CaseText, caseText } from "./case-text.ts";
import { type Action, type Script, scriptOf } from "./script.ts";

export interface MinimiseOptions {
  readonly target: Target;
  readonly history: History;
  readonly blow: Blow;
  /** Of the case file, such as `found.kill9`. */
  readonly suite: string;
  /** For the file's reader: how it was found. */
  readonly about: string;
  readonly signal?: AbortSignal | undefined;
  readonly budgetMs?: number;
}

export interface Minimal extends CaseText {
  readonly tries: number;
}

/** More than this is no small failure. */
const stepsMax = 20;
const windows = [0, 1, 4, 12, 60];
const triesMax = 40;
const budgetMsDefault = 90_000;

/** undefined when the failure is of a kind that no script shows, or needs more than one operation at a time to show. */
export async function minimise(options: MinimiseOptions): Promise<Minimal | undefined> {
  const script = scriptOf(options.history);
  if (script === undefined) {
    return undefined;
  }
  const search = new Search(options, script.culprit);
  const found = await search.firstFailing(script);
  const smallest = found === undefined ? undefined : await search.smaller(found);
  const text = smallest === undefined ? undefined : search.textOf(smallest);
  return text === undefined || text.steps > stepsMax ? undefined : { ...text, tries: search.tries };
}

class Search {
  tries = 0;
  readonly #options: MinimiseOptions;
  readonly #culprit: Action;
  readonly #until: number;

  constructor(options: MinimiseOptions, culprit: Action) {
    this.#options = options;
    this.#culprit = culprit;
    this.#until = performance.now() + (options.budgetMs ?? budgetMsDefault);
  }

  textOf(before: readonly Action[]): CaseText | undefined {
    return caseText({ before, culprit: this.#culprit }, this.#options.blow, this.#options);
  }

  /** The newest operations before the culprit, as few as fail. */
  async firstFailing({ before }: Script): Promise<readonly Action[] | undefined> {
    for (const size of windows) {
      const some = size === 0 ? [] : before.slice(-size);
      if (await this.#fails(some)) {
        return some;
      }
      if (size >= before.length) {
        break;
      }
    }
    return undefined;
  }

  /** Leaves out halves, then quarters, … of what is left, as long as it fails without them. */
  async smaller(failing: readonly Action[]): Promise<readonly Action[]> {
    let left = failing;
    for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < left.length; ) {
        const without = [...left.slice(0, from), ...left.slice(from + size)];
        if (await this.#fails(without)) {
          left = without;
        } else {
          from += size;
        }
      }
    }
    return left;
  }

  async #fails(before: readonly Action[]): Promise<boolean> {
    const { target, signal = new AbortController().signal } = this.#options;
    const text = this.textOf(before);
    if (text === undefined || this.tries >= triesMax || performance.now() > this.#until || signal.aborted) {
      return false;
    }
    this.tries++;
    const each = caseOf(text.text);
    const instance = await target.provision({ powerCut: needsOwnDisk(each.needs), signal });
    try {
      const run = await runCase(each, { instance, prefix: "min", seed: 1, signal, answerWithinMs: 5000, cleanUp: false });
      return run.verdict.outcome === "fail";
    } finally {
      await instance.dispose();
    }
  }
}

/** What this module writes is a valid case file; anything else is its own mistake. */
export function caseOf(text: string): Case {
  const { source } = readYaml("found.yaml", text);
  const { value, problems } = validate(caseFile, source.value, { source, what: "a found case" });
  const [each] = value === undefined ? [] : expand(value, source);
  if (each === undefined) {
    throw new TypeError(`a found failure makes no case: ${problems.map(({ message }) => message).join("; ")}`);
  }
  return each;
}
