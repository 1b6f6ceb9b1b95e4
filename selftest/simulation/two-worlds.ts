/**
 * The world as asked for and the world that must survive. Changes wait between the two until somebody has seen them; after a crash the
 * server must hold the second and some of what waits, in the order in which it was asked for.
 */
import { applyChange, type Change, copyWorld, describeWorld, restartWorld, type World } from "./model.ts";

export class TwoWorlds {
  /** Everything that was asked for has happened. */
  attempted: World = new Map();
  /** Everything that somebody has seen has happened. */
  #durable: World = new Map();
  /** What was attempted before, newest first, if it is kept: on a slow disk somebody may see now what was true some requests ago. */
  #earlier: World[] = [];
  readonly #keepsEarlier: boolean;
  #pending: Change[] = [];
  #seen = 0;

  constructor({ keepsEarlier }: { readonly keepsEarlier: boolean }) {
    this.#keepsEarlier = keepsEarlier;
  }

  /** Is it right in what is attempted, or was it in what was attempted some time since `forgetEarlier`? Returns what is wrong. */
  check(judge: (world: World) => string | undefined): string | undefined {
    const wrong = judge(this.attempted);
    return wrong === undefined || this.#earlier.some((world) => judge(world) === undefined) ? undefined : wrong;
  }

  forgetEarlier(): void {
    this.#earlier = [];
  }

  /** How many changes were asked for so far. */
  get position(): number {
    return this.#seen + this.#pending.length;
  }

  /** Returns the answer it must get. */
  ask(change: Change): string {
    this.#pending.push(change);
    if (this.#keepsEarlier) {
      this.#earlier.unshift(copyWorld(this.attempted));
    }
    return applyChange(this.attempted, change);
  }

  /** Would the world that must survive have given the same answer to a question? */
  isDurable(question: Change & { readonly kind: "get" }, answer: string): boolean {
    return applyChange(this.#durable, question) === answer;
  }

  /** Somebody has seen the world as of that position. */
  confirm(position: number): void {
    while (this.#seen < position && this.#pending.length > 0) {
      const change = this.#pending.shift();
      this.#seen += 1;
      if (change !== undefined) {
        applyChange(this.#durable, change);
      }
    }
  }

  /**
   * A failing disk refused it: it must not be there later, and what was asked for after it is answered as if it had never been asked.
   * Returns the position it had and those answers, undefined when somebody has seen it already.
   */
  refuse(refused: Change): { readonly position: number; readonly answers: ReadonlyMap<Change, string> } | undefined {
    const at = this.#pending.indexOf(refused);
    if (at < 0) {
      return undefined;
    }
    this.#pending.splice(at, 1);
    this.attempted = copyWorld(this.#durable);
    const answers = new Map(this.#pending.map((change) => [change, applyChange(this.attempted, change)]));
    return { position: this.#seen + at + 1, answers };
  }

  /**
   * After a restart: finds out how much of what waited is there, and goes on from there. Returns what is wrong. With `mayRefuse` the disk
   * was failing: then each of the changes may have been refused by an answer that nobody got.
   */
  settle(found: readonly string[], { nowMs, mayRefuse }: { nowMs: number; mayRefuse: boolean }): string | undefined {
    const world = search({ found, mayRefuse }, copyWorld(this.#durable), this.#pending);
    if (world === undefined) {
      const most = copyWorld(this.#durable);
      for (const change of this.#pending) {
        applyChange(most, change);
      }
      return describeDifference(found, describeWorld(this.#durable), describeWorld(most));
    }
    restartWorld(world, nowMs);
    this.forgetEarlier();
    this.#durable = world;
    this.attempted = copyWorld(world);
    this.#pending = [];
    return undefined;
  }

  /** On a living server everything that was asked for is there. Returns what is wrong. */
  compare(found: readonly string[]): string | undefined {
    const expected = describeWorld(this.attempted);
    return isSame(found, expected) ? undefined : describeDifference(found, expected, expected);
  }
}

/** Beyond this many waiting changes no subsets are tried. */
const refusalsMax = 12;

function search(
  goal: { readonly found: readonly string[]; readonly mayRefuse: boolean },
  world: World,
  rest: readonly Change[],
): World | undefined {
  if (isSame(goal.found, describeWorld(world))) {
    return world;
  }
  const [change, ...later] = rest;
  if (change === undefined) {
    return undefined;
  }
  const without = goal.mayRefuse && rest.length <= refusalsMax ? copyWorld(world) : undefined;
  applyChange(world, change);
  return search(goal, world, later) ?? (without === undefined ? undefined : search(goal, without, later));
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

function describeDifference(found: readonly string[], least: readonly string[], most: readonly string[]): string {
  const must = least.filter((line) => most.includes(line) && !found.includes(line));
  const mustNot = found.filter((line) => !least.includes(line) && !most.includes(line));
  const shown = [...must.map((line) => `missing: ${line}`), ...mustNot.map((line) => `found: ${line}`)];
  return shown.length > 0
    ? `the server holds something else\n  ${shown.slice(0, 12).join("\n  ")}`
    : "the server holds a mixture of what was asked";
}
