/** For tests that compare: servers as child processes, the official one and ours, started and found the same way. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SERVER_VERSION } from "./version.ts";

export const ourServer = fileURLToPath(new URL("bin/nats-server", import.meta.url));

/** The official server of the version that ours imitates, on PATH or where Go installs it. */
export function findOfficialServer(): string | undefined {
  return ["nats-server", join(homedir(), "go/bin/nats-server")].find((command) => {
    try {
      return execFileSync(command, ["-v"], { encoding: "utf8" }).includes(`v${SERVER_VERSION}`);
    } catch {
      return false;
    }
  });
}

export const noOfficialServer = `nats-server ${SERVER_VERSION} is neither on PATH nor in ~/go/bin`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits on a condition, with a deadline that only a broken server reaches. */
export async function until<T>(what: string, condition: () => T | undefined | false, deadlineMs = 20_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = condition();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** One server process in a folder of its own. */
export class ServerProcess {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #stderr = "";

  constructor(command: string, flags: readonly string[], folder = mkdtempSync(join(tmpdir(), "server-"))) {
    this.folder = folder;
    // In a folder of its own, so that relative paths in a configuration stay there.
    this.#child = spawn(command, flags, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    this.#child.stdout?.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    this.#child.stderr?.on("data", (bytes: Buffer) => (this.#stderr += bytes.toString()));
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve({ code: null, stdout, stderr: String(error) }));
      this.#child.once("close", (code) => resolve({ code, stdout, stderr: this.#stderr }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get stderr(): string {
    return this.#stderr;
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The port of the line `what`, once the server is ready. */
  async port(what = "Listening for client connections on"): Promise<number> {
    await until(
      `"Server is ready" of process ${this.pid}`,
      () => this.#stderr.includes("Server is ready") || this.#child.exitCode !== null,
    );
    const port = new RegExp(`${what} \\S+:(\\d+)`).exec(this.#stderr)?.[1];
    if (port === undefined) {
      throw new Error(`the server did not start:\n${this.#stderr}`);
    }
    return Number(port);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  readFile(name: string): string | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }
}
