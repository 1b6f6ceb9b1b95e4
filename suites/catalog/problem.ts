/**
 * What is wrong with a file a person wrote: where, what was found, what would be right. All problems of all files are collected before
 * anything runs, so one edit round repairs them all.
 */
export interface Problem {
  /** `file:line:column`, the file as it was opened. */
  readonly place: string;
  readonly message: string;
}

export type CatalogErrorCode =
  | "CATALOG_INVALID"
  | "CATALOG_UNREADABLE"
  | "CATALOG_UNKNOWN_NAME"
  | "CATALOG_NOTHING_SELECTED"
  | "KNOWN_FAILING_UNMATCHED";

/** The suites, profiles or known-failing lists are wrong, not the server: exit code 2. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  readonly code: CatalogErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: CatalogErrorCode, problems: readonly Problem[]) {
    super(problems.map(describe).join("\n"));
    this.code = code;
    this.problems = problems;
  }
}

export function describe(problem: Problem): string {
  return problem.place === "" ? problem.message : `${problem.place}  ${problem.message}`;
}
