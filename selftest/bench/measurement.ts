/** What can be measured on its own: one or several figures that come out of the same runs. */
import type { Figure } from "./figure.ts";

export interface BenchOptions {
  /** The other side, such as `nats-server@2.15.2`. */
  readonly official: string;
  /** Fewer pairs, shorter blocks, fewer messages: to see that it works, not to publish. */
  readonly quick: boolean;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onLine: (text: string) => void;
}

export interface Measurement {
  /** Names of its figures, in the order of the table. */
  readonly names: (options: Pick<BenchOptions, "quick">) => readonly string[];
  readonly run: (options: BenchOptions) => Promise<readonly Figure[]>;
}

export function missing(name: string, why: string, { goal = "", command = commandFor(name) } = {}): Figure {
  return { name, compared: "", value: `no figure: ${why}`, goal, met: "no figure", client: "", command };
}

/** For figures that no other command gives: `text` stands in the names of all that come out of the same run. */
export function commandFor(text: string, quick = false): string {
  return `npm run bench -- --only '${text}'${quick ? " --quick" : ""}`;
}
