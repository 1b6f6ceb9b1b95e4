/** This server and the official one, side by side, for tests that compare them through real connections. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../index.ts";

export interface ComparedServer {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

export async function startReference(): Promise<ComparedServer> {
  const server = await startServer();
  return { name: "reference", url: server.url, stop: () => server.stop() };
}

export async function startOfficial(command: string): Promise<ComparedServer> {
  const directory = mkdtempSync(join(tmpdir(), "official-"));
  const flags = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", directory, "--ports_file_dir", directory];
  const child = spawn(command, flags, { stdio: "ignore" });
  return {
    name: "official",
    url: await urlFrom(directory),
    stop: () => end(child, directory),
  };
}

async function urlFrom(directory: string): Promise<string> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const file = readdirSync(directory).find((name) => name.endsWith(".ports"));
    const url = file === undefined ? undefined : /nats:\/\/[^"]*:\d+/.exec(readFileSync(join(directory, file), "utf8"))?.[0];
    if (url !== undefined) {
      return url;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the official server did not start within 20 s");
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  rmSync(directory, { recursive: true, force: true });
}

/** The Go command line client; undefined when it is not installed. */
export function findNatsCommand(): string | undefined {
  return ["nats", join(homedir(), "go/bin/nats")].find((command) => {
    try {
      return execFileSync(command, ["--version"], { stdio: ["ignore", "pipe", "ignore"] }).length > 0;
    } catch {
      return false;
    }
  });
}
