/**
 * Faults at single system calls of a running or starting server, done by strace from outside: any server, no library inside it. The server
 * keeps its process id and group; the tracer stands in a group of its own and ends with the server, or lets go of it on release.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { makeInstanceFolder } from "../instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../live.ts";
import { groupMembers } from "../proc.ts";
import { type Instance, TargetError } from "../target.ts";
import { holdsWithin } from "../waiting.ts";
import { type ArmedFault, demand, runningPid, untilGone } from "./armed.ts";
import { type CallFault, callsMax, isBoundToFiles, printCallFault, straceArguments } from "./call-fault.ts";
import { listFiles } from "./store-files.ts";
import { type Hit, TraceLog } from "./trace-log.ts";

const attachWithinMs = 10_000;
const detachWithinMs = 1500;
const pathsMax = 1000;

/** Arms the fault on a running server; counting begins now. */
export async function armCallFault(instance: Instance, fault: CallFault): Promise<ArmedFault> {
  demand(instance, "system-calls");
  const pid = runningPid(instance);
  const trace = new Trace(instance, fault);
  try {
    await trace.attach(pid);
  } catch (error) {
    await trace.dispose();
    throw error;
  }
  return trace;
}

export interface StartedUnder {
  readonly armed: ArmedFault;
  /** undefined when the server ended before it was ready; the evidence says whether by the fault. */
  readonly readyAfterMs: number | undefined;
}

/** Starts a server with the fault armed from its first call on. It can be released only by the server's end. */
export async function startUnderCallFault(instance: Instance, fault: CallFault): Promise<StartedUnder> {
  demand(instance, "system-calls");
  const trace = new Trace(instance, fault);
  try {
    const readyAfterMs = await instance.start({ under: trace.launcher() }).catch((error: unknown) => {
      // Ending, or not answering, is what such a fault is for.
      if (error instanceof TargetError && (error.code === "TARGET_EXITED" || error.code === "TARGET_NOT_READY") && wasStarted(trace)) {
        return undefined;
      }
      throw error;
    });
    return { armed: trace, readyAfterMs };
  } catch (error) {
    await trace.dispose();
    throw error;
  }
}

function wasStarted(trace: Trace): boolean {
  return trace.evidence().details["calls"] !== 0;
}

class Trace implements ArmedFault, Live {
  readonly #instance: Instance;
  readonly #fault: CallFault;
  readonly #folder: string;
  readonly #data: string;
  readonly #logFile: string;
  readonly #log: TraceLog;
  readonly #start = performance.now();
  #tracer: ChildProcess | undefined;
  #said = "";

  constructor(instance: Instance, fault: CallFault) {
    if (!Number.isInteger(fault.at) || fault.at < 1 || fault.at > callsMax) {
      throw new TargetError("TARGET_FAULT_FAILED", `call ${fault.at} can't be chosen; it must be from 1 to ${callsMax}`);
    }
    this.#instance = instance;
    this.#fault = fault;
    this.#data = realpathSync(instance.dataDirectory ?? "");
    this.#folder = makeInstanceFolder();
    keepLive(this);
    this.#logFile = join(this.#folder, "calls.log");
    this.#log = new TraceLog(this.#logFile);
  }

  launcher(): string[] {
    return ["strace", "-DD", ...this.#arguments(), "--"];
  }

  async attach(pid: number): Promise<void> {
    const members = groupMembers(pid).map((member) => member.pid);
    const tracer = spawn("strace", [...this.#arguments(), ...members.flatMap((each) => ["-p", String(each)])], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#tracer = tracer;
    tracer.once("error", (error) => {
      this.#said = error.message;
    });
    tracer.stderr.on("data", (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString("latin1")).slice(-2000);
    });
    const attached = () => members.every((member) => tracersOf(member).every((each) => each === tracer.pid));
    await holdsWithin(() => attached() || hasEnded(tracer) || tracer.pid === undefined, { withinMs: attachWithinMs });
    if (tracer.pid === undefined || hasEnded(tracer) || !attached()) {
      throw new TargetError("TARGET_FAULT_FAILED", `strace could not attach to process ${pid}: ${this.#said.trim()}`);
    }
  }

  evidence(): FaultEvidence {
    this.#log.read();
    const hits = this.#hits();
    const inData = hits.filter(({ line }) => line.includes(this.#data));
    const first = inData[0] ?? hits[0];
    const seen = first === undefined ? "no such call was reached" : first.line.replaceAll(this.#data, "{data}").trim();
    return {
      happened: inData.length > 0,
      summary: `${printCallFault(this.#fault)}: ${hits.length} hits, ${inData.length} of them in the data folder; ${seen}`,
      details: {
        fault: printCallFault(this.#fault),
        hits: hits.length,
        hitsInData: inData.length,
        calls: this.#log.calls,
        threads: this.#log.threads.size,
        ...(first === undefined ? {} : { call: first.call, thread: first.thread, first: seen }),
        tookMs: Math.round(performance.now() - this.#start),
      },
    };
  }

  #hits(): readonly Hit[] {
    const { does, at, repeats = false } = this.#fault;
    if (does === "kill") {
      const hit = this.#log.killedAt(at);
      return hit === undefined ? [] : [hit];
    }
    return does === "delay" ? [...this.#log.hits, ...this.#log.underWay({ at, repeats })] : this.#log.hits;
  }

  async happenedWithin(withinMs: number): Promise<FaultEvidence> {
    const happened = await holdsWithin(() => this.evidence().happened, { withinMs, everyMs: 10 });
    if (happened && this.#fault.does === "kill") {
      await untilGone(this.#instance);
    }
    return this.evidence();
  }

  async release(): Promise<FaultEvidence> {
    if (this.#tracer === undefined && this.#instance.pid !== undefined && tracersOf(this.#instance.pid).some((pid) => pid !== 0)) {
      const title = `target "${this.#instance.target.name}"`;
      throw new TargetError("TARGET_FAULT_FAILED", `${title} was started under this fault; stop or kill it to be rid of it`);
    }
    await this.#detach();
    const evidence = this.evidence();
    await this.#remove();
    return evidence;
  }

  async dispose(): Promise<void> {
    await this.#detach();
    await this.#remove();
  }

  disposeNow(): void {
    this.#tracer?.kill("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** SIGTERM makes strace let go of every thread as it is. It can wait for ever for a thread that is being killed meanwhile. */
  async #detach(): Promise<void> {
    const tracer = this.#tracer;
    if (tracer?.pid === undefined) {
      return;
    }
    tracer.kill("SIGTERM");
    if (!(await holdsWithin(() => hasEnded(tracer), { withinMs: detachWithinMs }))) {
      tracer.kill("SIGKILL");
      await holdsWithin(() => hasEnded(tracer), { withinMs: detachWithinMs });
    }
  }

  async #remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    forgetLive(this);
  }

  #arguments(): string[] {
    return [...straceArguments(this.#fault, this.#paths()), "-o", this.#logFile];
  }

  #paths(): string[] {
    if (!isBoundToFiles(this.#fault)) {
      return [];
    }
    const { files = "**" } = this.#fault;
    const there = listFiles(this.#data, files).map(({ path }) => path);
    // One that is named in full may come into being later.
    const paths = there.length === 0 && !files.includes("*") ? [files] : there;
    if (paths.length === 0 || paths.length > pathsMax) {
      const says = `${paths.length} files of the data folder fit ${files}; a fault of reads or writes needs 1 to ${pathsMax}`;
      throw new TargetError("TARGET_FAULT_FAILED", says);
    }
    return paths.map((path) => join(this.#data, path));
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Of each thread of a process the one that traces it, 0 for none. Empty when the process is gone. */
function tracersOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
      return Number(/^TracerPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    });
  } catch {
    return [];
  }
}
