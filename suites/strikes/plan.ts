/**
 * The plan of a campaign: its lines take turns, cycle after cycle. A line with `nth: each` is a sweep: it goes through its calls, errors and kinds in
 * order, hitting the first, second, third … call of each until the load meets no further one.
 */
import { type FaultFields, listOf } from "../catalog/fault-plan.ts";
import type { SeededRandom } from "../workloads/seeded-random.ts";
import { type Blow, drawBlow, type Fixed } from "./blow.ts";

export interface Turn {
  /** Index of the line in the campaign's file. */
  readonly line: number;
  readonly fault: FaultFields;
  readonly blow: Blow;
  /** The call was chosen by a sweep: that it never came is no lack of evidence but the sweep's end. */
  readonly sweeps: boolean;
}

/** Of a sweep over bits: every `of`-th of them, beginning with the `number`-th, from 1. */
export interface Part {
  readonly number: number;
  readonly of: number;
}

export class FaultPlan {
  readonly #lines: readonly Line[];
  #next = 0;

  /** `faults` are those that the target can be asked for, with their places in the file. */
  constructor(faults: readonly { readonly line: number; readonly fault: FaultFields }[], part: Part = { number: 1, of: 1 }) {
    this.#lines = faults.map(({ line, fault }) => new Line(line, fault, part));
  }

  /** undefined when every line is a sweep that is through. */
  turn(random: SeededRandom): Turn | undefined {
    for (let step = 0; step < this.#lines.length; step++) {
      const line = this.#lines[(this.#next + step) % this.#lines.length];
      const turn = line?.turn(random);
      if (turn !== undefined) {
        this.#next = (this.#next + step + 1) % this.#lines.length;
        return turn;
      }
    }
    return undefined;
  }

  /** What came of a turn moves a sweep on. Repeated for every recorded cycle when a campaign is resumed. */
  done(turn: Pick<Turn, "line">, met: boolean): void {
    this.#lines.find((each) => each.index === turn.line)?.done(met);
  }

  /** Takes up where recorded cycles left off. */
  goOnAfter(cycles: readonly { readonly line: number; readonly met: boolean }[]): void {
    for (const { line, met } of cycles) {
      this.done({ line }, met);
    }
    const last = this.#lines.findIndex((each) => each.index === cycles.at(-1)?.line);
    this.#next = (last + 1) % Math.max(1, this.#lines.length);
  }

  /** How many places of its sweeps are through, and of how many; undefined without sweeps. */
  get swept(): { readonly done: number; readonly of: number } | undefined {
    const sweeps = this.#lines.filter((each) => each.combinations.length > 0);
    if (sweeps.length === 0) {
      return undefined;
    }
    return {
      done: sweeps.reduce((sum, each) => sum + each.place, 0),
      of: sweeps.reduce((sum, each) => sum + each.combinations.length, 0),
    };
  }
}

class Line {
  readonly index: number;
  readonly combinations: readonly Fixed[];
  place = 0;
  #nth = 1;
  readonly #fault: FaultFields;
  readonly #isOfBits: boolean;
  readonly #part: Part;

  constructor(index: number, fault: FaultFields, part: Part) {
    this.index = index;
    this.#fault = fault;
    this.#part = part;
    this.#isOfBits = fault.do === "damage" && fault.spread !== undefined;
    this.combinations = fault.when.nth === "each" ? combinationsOf(fault) : this.#isOfBits ? [{}] : [];
    this.#nth = this.#isOfBits ? part.number : 1;
  }

  turn(random: SeededRandom): Turn | undefined {
    const sweeps = this.combinations.length > 0;
    const fixed = this.combinations[this.place];
    if (sweeps && fixed === undefined) {
      return undefined;
    }
    const blow = drawBlow(this.#fault, random, sweeps ? { ...fixed, nth: this.#nth } : {});
    return { line: this.index, fault: this.#fault, blow, sweeps };
  }

  done(met: boolean): void {
    if (this.combinations.length === 0) {
      return;
    }
    const step = this.#isOfBits ? this.#part.of : 1;
    this.#nth = met ? this.#nth + step : 1;
    this.place += met ? 0 : 1;
  }
}

function combinationsOf(fault: FaultFields): Fixed[] {
  const errors = fault.do === "call-error" ? listOf(fault.error) : [undefined];
  const repeated = "repeats" in fault ? listOf(fault.repeats ?? false) : [undefined];
  return listOf(fault.when.call ?? "write").flatMap((call) =>
    errors.flatMap((error) =>
      repeated.map((repeats) => ({
        call,
        ...(error === undefined ? {} : { error }),
        ...(repeats === undefined ? {} : { repeats }),
      })),
    ),
  );
}
