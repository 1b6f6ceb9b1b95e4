/** Starts the official server for tests, where one is found: `NATS_SERVER`, PATH, or Go's folder for installed commands. Not part of the judge. */
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface OfficialServer extends AsyncDisposable {
  readonly url: string;
}

const startMaxMs = 15_000;

/** undefined where no `nats-server` is found: such tests are skipped for that reason. */
export function findOfficialServer(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), path.join(os.homedir(), "go", "bin")];
  const candidates = [process.env["NATS_SERVER"], ...folders.map((folder) => path.join(folder, "nats-server"))];
  return candidates.find((file) => file !== undefined && isExecutable(file));
}

/** On a free loopback port, with JetStream in a folder of its own that goes with it. */
export async function startOfficialServer(executable: string, flags: readonly string[] = []): Promise<OfficialServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "streamproof-official-"));
  const own = ["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", folder, "-js", "-sd", folder];
  const server = spawn(executable, [...own, ...flags], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => {
    server.once("exit", () => resolve());
    server.once("error", () => resolve());
  });
  const dispose = async () => {
    server.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { url: await urlFrom(folder), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Waits for the ports file, which the server writes when it listens. */
async function urlFrom(folder: string): Promise<string> {
  const deadline = performance.now() + startMaxMs;
  while (performance.now() < deadline) {
    const file = readdirSync(folder).find((name) => name.endsWith(".ports"));
    const text = file === undefined ? "" : readFileSync(path.join(folder, file), "utf8");
    const found = /nats:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new Error(`nats-server wrote no ports file within ${startMaxMs / 1000} s`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
