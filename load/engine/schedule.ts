/** Intended times of an open model: fixed before the server has any say, so a slow server can't slow its own measurement down. */
import { type Random, randomOf } from "../design/random.ts";

export type ScheduleShape = "constant" | "poisson";

export class Schedule {
  readonly #stepMs: number;
  readonly #random: Random | undefined;
  #count = 0;
  #nextMs: number;
  readonly #startMs: number;

  constructor(options: { shape: ScheduleShape; perSecond: number; startMs: number; seed: number }) {
    this.#stepMs = 1000 / options.perSecond;
    this.#random = options.shape === "poisson" ? randomOf(options.seed) : undefined;
    this.#startMs = options.startMs;
    this.#nextMs = options.startMs;
  }

  /** When the next operation is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Takes the next operation and returns its intended time. */
  take(): number {
    const due = this.#nextMs;
    this.#count++;
    // A constant schedule is multiplied, not summed: a long run does not drift by rounding.
    this.#nextMs =
      this.#random === undefined ? this.#startMs + this.#count * this.#stepMs : due + this.#random.exponential() * this.#stepMs;
    return due;
  }
}
