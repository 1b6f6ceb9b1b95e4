/** The caller asked for something that can't be run: exit code 2. What a server does wrong is a verdict, not an exception. */
export type LoadErrorCode = "LOAD_PROFILE_UNKNOWN" | "LOAD_PROFILE_INVALID" | "LOAD_OPTION_INVALID";

export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly code: LoadErrorCode;
  constructor(code: LoadErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
