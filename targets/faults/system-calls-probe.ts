/** Whether system calls can be tampered with here: tried once for real on a process of our own, both ways that faults use. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { isOnPath } from "../executable.ts";
import { failureText } from "../failure-text.ts";
import { makeInstanceFolder } from "../instance-folder.ts";
import { holdsWithin } from "../waiting.ts";

const probeWithinMs = 15_000;
let probe: Promise<string | undefined> | undefined;

/** Why not, and what to do; undefined when they can. */
export function systemCallsLack(): Promise<string | undefined> {
  probe ??= tryStrace();
  return probe;
}

async function tryStrace(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "faults at single system calls need Linux and strace; run in a Linux machine or container";
  }
  if (!isOnPath("strace")) {
    return "faults at single system calls need strace; apt install strace";
  }
  const folder = makeInstanceFolder();
  try {
    return (await lackOfStarting(folder)) ?? (await lackOfAttaching());
  } catch (error) {
    return `strace can't tamper with system calls here: ${failureText(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `sync FILE` must report the error that was put in place of its fsync. */
async function lackOfStarting(folder: string): Promise<string | undefined> {
  const file = join(folder, "file");
  writeFileSync(file, "x");
  const inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"];
  const result = await execa("strace", ["-f", ...inject, "-o", join(folder, "log"), "sync", file], {
    reject: false,
    timeout: probeWithinMs,
    env: { LC_ALL: "C" },
  });
  if (result.exitCode === 1 && result.stderr.includes("Input/output error")) {
    return undefined;
  }
  return `strace can't tamper with system calls here (in a container: allow ptrace, --cap-add SYS_PTRACE): ${result.stderr.slice(-200)}`;
}

async function lackOfAttaching(): Promise<string | undefined> {
  const victim = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    await once(victim, "spawn");
    const tracer = spawn("strace", ["-o", "/dev/null", "-p", String(victim.pid)], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    tracer.stderr.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    const exited = once(tracer, "exit").then(() => true);
    const attached = await holdsWithin(() => said.includes("attached") || tracer.exitCode !== null, { withinMs: probeWithinMs });
    tracer.kill("SIGTERM");
    await exited;
    if (attached && said.includes("attached")) {
      return undefined;
    }
    const yama = existsSync("/proc/sys/kernel/yama/ptrace_scope") ? ", or sysctl kernel.yama.ptrace_scope=0" : "";
    return `strace can't attach to a process here (${said.trim()}); run as root (sudo)${yama}`;
  } finally {
    victim.kill("SIGKILL");
  }
}
