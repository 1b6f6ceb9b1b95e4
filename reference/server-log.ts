/** Where a server tells what it does. The lines and their order are the official server's, because client test suites wait for them. */

export interface ServerLog {
  readonly debugging: boolean;
  readonly tracing: boolean;
  info(text: string): void;
  debug(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  fatal(text: string): void;
  trace(text: string): void;
}

const nothing = (): void => undefined;

/** For servers embedded in a program that has no use for their lines. */
export const silentLog: ServerLog = {
  debugging: false,
  tracing: false,
  info: nothing,
  debug: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  trace: nothing,
};
