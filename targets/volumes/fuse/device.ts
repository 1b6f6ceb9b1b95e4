/**
 * The kernel's side of the disk: the device is opened and mounted, requests are read, pass the faults, and are answered. Two reads are always
 * under way, so the kernel finds a reader while an answer is being made. Requests that the kernel has at the same time come in any order.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, read, readFileSync, writeSync } from "node:fs";
import type { DiskOperation, DiskOperationKind } from "./disk-calls.ts";
import { DiskFaults } from "./disk-faults.ts";
import { FileSystem, isSyncedWrite } from "./file-system.ts";
import {
  decodeRange,
  decodeRequest,
  decodeSetAttributes,
  type ErrorName,
  encodeAnswer,
  type OperationName,
  type Request,
  requestBytesMax,
} from "./protocol.ts";
import { pathOfRequest } from "./request-paths.ts";
import { monotonicMs, Trace } from "./trace.ts";

const readersUnderWay = 2;
const mountOptions = "rootmode=40000,user_id=0,group_id=0,allow_other,nosuid,nodev";

interface Waiting {
  readonly request: Request;
  readonly operation: DiskOperation;
  readonly timer: NodeJS.Timeout | undefined;
  readonly heldBy: number | undefined;
}

export class Device {
  readonly system: FileSystem;
  readonly faults = new DiskFaults();
  readonly trace = new Trace();
  readonly #ended: () => void;
  readonly #waiting = new Map<bigint, Waiting>();
  #device = -1;

  /** `ended` is called when the mount is gone. */
  constructor(system: FileSystem, ended: () => void) {
    this.system = system;
    this.#ended = ended;
  }

  async mount(mountPoint: string): Promise<void> {
    this.#device = openSync("/dev/fuse", "r+");
    const child = spawn("mount", ["-i", "-t", "fuse", "-o", `fd=3,${mountOptions}`, "streamproof", mountPoint], {
      stdio: ["ignore", "ignore", "pipe", this.#device],
    });
    let said = "";
    child.stderr?.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    // mount(8) looks at the new mount before it ends, so requests are answered from now on.
    for (let reader = 0; reader < readersUnderWay; reader++) {
      this.#read(Buffer.allocUnsafeSlow(requestBytesMax));
    }
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("error", (error) => {
      said += error.message;
      resolve(1);
    });
    child.once("close", resolve);
    if ((await promise) !== 0) {
      throw new Error(said.trim() === "" ? "mount failed" : said.trim());
    }
  }

  /** Gives up what waits: EIO, and it is not done. */
  letGo(): number {
    const waiting = [...this.#waiting.values()];
    for (const each of waiting) {
      this.#giveUp(each, "EIO");
    }
    return waiting.length;
  }

  heldBy(fault: number): number {
    return [...this.#waiting.values()].filter((each) => each.heldBy === fault).length;
  }

  /** What a fault held is done now. */
  resume(fault: number): void {
    for (const each of [...this.#waiting.values()].filter(({ heldBy }) => heldBy === fault)) {
      this.#waiting.delete(each.request.unique);
      this.#perform(each.request, each.operation);
    }
  }

  #read(buffer: Buffer): void {
    read(this.#device, buffer, 0, buffer.length, null, (error, length) => {
      if (error === null) {
        this.#take(decodeRequest(buffer.subarray(0, length)));
        this.#read(buffer);
      } else if (error.code === "EPERM") {
        // Not mounted yet.
        setTimeout(() => this.#read(buffer), 1);
      } else if (["EINTR", "EAGAIN", "ENOENT"].includes(error.code ?? "")) {
        this.#read(buffer);
      } else if (this.#device >= 0) {
        closeSync(this.#device);
        this.#device = -1;
        this.#ended();
      }
    });
  }

  #take(request: Request): void {
    if (request.operation === "interrupt") {
      this.#interrupt(request.body.readBigUInt64LE(0));
      return;
    }
    const kind = kindOf(request);
    if (kind === undefined) {
      this.#answer(request, this.system.answer(request));
      return;
    }
    const operation = this.trace.note(this.#describe(request, kind));
    const { delayMs, does, heldBy } = this.faults.judge(operation, monotonicMs());
    if (delayMs > 0) {
      operation.delayedMs = delayMs;
    }
    if (does === "hold" || delayMs > 0) {
      this.#wait({ request, operation, delayMs, does, heldBy });
    } else {
      this.#finish(request, operation, does);
    }
  }

  #describe(request: Request, kind: DiskOperationKind): Omit<DiskOperation, "number" | "cameMs"> {
    const { path, to } = pathOfRequest(this.system, request);
    const { operation, body } = request;
    const range = operation === "write" || operation === "read" ? decodeRange(body) : undefined;
    const size = operation === "setattr" ? decodeSetAttributes(body).size : undefined;
    return {
      kind,
      path: withinData(path),
      ...(to === undefined ? {} : { to: withinData(to) }),
      ...(range === undefined ? {} : { offset: range.offset, length: range.length }),
      ...(size === undefined ? {} : { length: size }),
      ...(operation === "write" && isSyncedWrite(request) ? { synced: true } : {}),
    };
  }

  #wait({ request, operation, delayMs, does, heldBy }: Wait): void {
    // The buffer that the request stands in is read into again.
    const kept = { ...request, body: Buffer.from(request.body) };
    const goOn = () => {
      this.#waiting.delete(request.unique);
      this.#finish(kept, operation, does);
    };
    const timer = does === "hold" ? undefined : setTimeout(goOn, delayMs);
    this.#waiting.set(request.unique, { request: kept, operation, timer, heldBy });
  }

  #finish(request: Request, operation: DiskOperation, does: Wait["does"]): void {
    if (does === undefined || does === "hold") {
      this.#perform(request, operation);
    } else if (does === "kill") {
      killGroupOf(request.thread);
      this.#close(request, operation, "EINTR");
    } else if (does === "ignore") {
      this.#ignore(request, operation);
    } else if (does === "short") {
      this.#perform(shortened(request), operation);
    } else {
      this.#close(request, operation, does);
    }
  }

  #perform(request: Request, operation: DiskOperation): void {
    this.#close(request, operation, this.system.answer(request) ?? "EIO");
  }

  /** A sync is answered and not done; of a synced write only the write is done. */
  #ignore(request: Request, operation: DiskOperation): void {
    if (request.operation !== "write") {
      this.#close(request, operation, Buffer.alloc(0));
      return;
    }
    const body = Buffer.from(request.body);
    body.writeUInt32LE(0, 32);
    this.#perform({ ...request, body }, operation);
  }

  #close(request: Request, operation: DiskOperation, answer: Buffer | ErrorName): void {
    this.trace.answered(operation, typeof answer === "string" ? answer : undefined, request.operation === "fsyncdir");
    this.#answer(request, answer);
  }

  #giveUp({ request, operation, timer }: Waiting, error: ErrorName): void {
    clearTimeout(timer);
    this.#waiting.delete(request.unique);
    operation.error = `${error}, given up`;
    this.#answer(request, error);
  }

  /** The kernel waits for a request of a thread that is being killed; only an answer lets it end. Other signals are let wait. */
  #interrupt(unique: bigint): void {
    const waiting = this.#waiting.get(unique);
    if (waiting !== undefined && isBeingKilled(waiting.request.thread)) {
      this.#giveUp(waiting, "EINTR");
    }
  }

  #answer(request: Request, answer: Buffer | ErrorName | undefined): void {
    if (answer === undefined || this.#device < 0) {
      return;
    }
    try {
      writeSync(this.#device, encodeAnswer(request.unique, answer));
    } catch {
      // Nobody waits for it any more: the request was aborted, or the mount is gone.
    }
  }
}

interface Wait {
  readonly request: Request;
  readonly operation: DiskOperation;
  readonly delayMs: number;
  readonly does: ReturnType<DiskFaults["judge"]>["does"];
  readonly heldBy: number | undefined;
}

const kinds: Partial<Record<OperationName, DiskOperationKind>> = {
  write: "write",
  read: "read",
  fsync: "sync",
  fsyncdir: "sync",
  syncfs: "sync",
  open: "open",
  create: "open",
  fallocate: "truncate",
  rename: "rename",
  rename2: "rename",
  link: "rename",
  unlink: "unlink",
  rmdir: "unlink",
  mkdir: "mkdir",
};

function kindOf({ operation, body }: Request): DiskOperationKind | undefined {
  if (operation === "setattr") {
    return decodeSetAttributes(body).size === undefined ? undefined : "truncate";
  }
  return operation === undefined ? undefined : kinds[operation];
}

/** Half of a write, at least a byte. */
function shortened(request: Request): Request {
  if (request.operation !== "write") {
    return request;
  }
  const body = Buffer.from(request.body);
  body.writeUInt32LE(Math.max(1, Math.floor(body.readUInt32LE(16) / 2)), 16);
  return { ...request, body };
}

/** The data folder is the root's only entry. */
function withinData(path: string): string {
  return path.replace(/^data\/?/, "");
}

function isBeingKilled(thread: number): boolean {
  try {
    const status = readFileSync(`/proc/${thread}/status`, "latin1");
    const pending = [...status.matchAll(/^S(?:hd|ig)Pnd:\s+([0-9a-f]+)/gm)].map(([, mask = "0"]) => BigInt(`0x${mask}`));
    return pending.some((mask) => (mask & (1n << 8n)) !== 0n);
  } catch {
    return true;
  }
}

function killGroupOf(thread: number): void {
  try {
    const stat = readFileSync(`/proc/${thread}/stat`, "latin1");
    const group = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
    process.kill(-group, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
