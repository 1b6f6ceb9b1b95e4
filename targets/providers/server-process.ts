/**
 * One life of a server: a child process that leads a process group of its own, so that signals reach everything it started.
 * Invariant: `exited` settles exactly once, from the kernel's wait status, never from what the tool meant to do.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { groupMembers, processStatus, procIsThere } from "../proc.ts";
import { holdsWithin } from "../waiting.ts";

export interface Exit {
  /** undefined when a signal ended it or it could not be started. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why it could not be started. */
  readonly startError: Error | undefined;
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onOutput: (source: "out" | "err", bytes: Buffer) => void;
}

/** Settings of the tool's own Node that must not leak into a server that is a Node program too. */
const notInherited = ["NODE_OPTIONS", "NODE_V8_COVERAGE", "NODE_CHANNEL_FD", "NODE_UNIQUE_ID"];

export class ServerProcess {
  readonly pid: number | undefined;
  readonly startTime: string | undefined;
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;

  constructor(options: SpawnOptions) {
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    const settle = (exit: Exit) => {
      this.#exit ??= exit;
      resolve(this.#exit);
    };
    const child = spawnOrError(options);
    if (child instanceof Error) {
      this.pid = undefined;
      settle({ code: undefined, signal: undefined, startError: child });
      return;
    }
    child.once("error", (startError) => settle({ code: undefined, signal: undefined, startError }));
    child.once("exit", (code, signal) => settle({ code: code ?? undefined, signal: signal ?? undefined, startError: undefined }));
    child.stdout?.on("data", (bytes: Buffer) => options.onOutput("out", bytes));
    child.stderr?.on("data", (bytes: Buffer) => options.onOutput("err", bytes));
    this.pid = child.pid;
    this.startTime = child.pid === undefined ? undefined : processStatus(child.pid)?.startTime;
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Sends a signal to the whole group. false when nothing of it is left. */
  signalGroup(signal: NodeJS.Signals): boolean {
    return this.pid !== undefined && send(-this.pid, signal);
  }

  /** Sends a signal to the server itself only, as an operator would. */
  signalLeader(signal: NodeJS.Signals): boolean {
    return this.pid !== undefined && this.#exit === undefined && send(this.pid, signal);
  }

  /** Waits for the end of the server and of everything in its group. */
  async ended(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    const gone = await holdsWithin(() => this.#exit !== undefined, { withinMs });
    const pid = this.pid;
    if (!gone || pid === undefined || !procIsThere) {
      return gone;
    }
    return holdsWithin(() => groupMembers(pid).length === 0, { withinMs: Math.max(deadline - performance.now(), 100) });
  }
}

function spawnOrError(options: SpawnOptions): ChildProcess | Error {
  // File operations through io_uring would go past the tracer of system calls; libuv does without when told so.
  const environment: NodeJS.ProcessEnv = { ...process.env, UV_USE_IO_URING: "0", ...options.environment };
  for (const key of notInherited) {
    if (options.environment[key] === undefined) {
      delete environment[key];
    }
  }
  try {
    return spawn(options.command, options.args, {
      cwd: options.folder,
      env: environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** For people: `ended with exit code 1`, `was ended by SIGKILL`, `could not be started: …`. */
export function describeExit(exit: Exit): string {
  if (exit.startError !== undefined) {
    return `could not be started: ${exit.startError.message}`;
  }
  return exit.signal === undefined ? `ended with exit code ${exit.code ?? "unknown"}` : `was ended by ${exit.signal}`;
}
