/** A history that cannot be read or contradicts itself. Recognised by `code`; the message names line and field where they are known. */
export class HistoryError extends Error {
  readonly code = "HISTORY_INVALID";
  override readonly name = "HistoryError";
}
