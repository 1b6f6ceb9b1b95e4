/**
 * Servers that lie: mutants whose mistake is subtle and that real servers have made. A liar passes at least nine in ten of all cases, so that only
 * the right case can find it, and it must be found by the case that the list of mutants names.
 */
import { mutants } from "../mutants/mutants.ts";

const liarIds = new Set([
  "never-syncs",
  "drops-the-50th-commit",
  "forgets-ids-at-restart",
  "keeps-acks-in-memory",
  "loses-purges",
  "wrong-error-code",
  "one-delivery-too-many",
]);

export interface Liar {
  readonly id: string;
  readonly about: string;
  /** Pattern of case names. */
  readonly caughtBy: string;
}

export const liars: readonly Liar[] = mutants.flatMap(({ id, about, caughtBy }) =>
  liarIds.has(id) && "case" in caughtBy ? [{ id, about, caughtBy: caughtBy.case }] : [],
);
