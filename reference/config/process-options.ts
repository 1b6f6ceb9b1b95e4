/** Settings of the process around a server: where it logs, and the files by which others find it. */
export interface ProcessOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  readonly logTime: boolean;
  readonly logTimeUtc: boolean;
  /** undefined = standard error. */
  readonly logFile: string | undefined;
  readonly pidFile: string | undefined;
  /** Gets `<executable>_<pid>.ports`. */
  readonly portsFileDirectory: string | undefined;
}

export const DEFAULT_PROCESS_OPTIONS: ProcessOptions = {
  debug: false,
  trace: false,
  logTime: true,
  logTimeUtc: false,
  logFile: undefined,
  pidFile: undefined,
  portsFileDirectory: undefined,
};
