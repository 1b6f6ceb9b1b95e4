/** Why a store was refused or gave up. Tests and callers go by `code`; the message is for people. */
export type StoreErrorCode =
  | "no-directory"
  | "not-writable"
  | "locked"
  | "foreign-files"
  | "newer-format"
  | "unsupported-feature"
  | "incomplete"
  | "unreadable"
  | "write-failed"
  | "closed"
  | "too-large";

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
