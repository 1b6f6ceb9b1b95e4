/** What a mutant is: the reference with one mistake in it, put there while it loads, and what must notice it from outside. */
export const root: string = new URL("../../", import.meta.url).pathname;

export interface Replacement {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly mistake: string;
}

/** Judges what a server answers and keeps, and knows nothing of its source. */
export type Catcher =
  /** A pattern of case names; one of them must fail. */
  | { readonly case: string }
  | { readonly campaign: string; readonly cycles: number; readonly seed: number }
  /** For mistakes of rare moments: `npm run simulate`, runs from this seed on. */
  | { readonly simulation: number };

export interface Mutant {
  readonly id: string;
  /** What it does wrong, as the end of a sentence that begins with "the server". */
  readonly about: string;
  readonly replace: readonly Replacement[];
  readonly caughtBy: Catcher;
}
