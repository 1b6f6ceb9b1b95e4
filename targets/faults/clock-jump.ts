/**
 * A server's wall clock that jumps, with libfaketime in front of the C library: at a start, and while it runs. The monotonic clock goes on, as
 * when an administrator or a time service sets a machine's clock. A server that does not ask the C library (Go asks the kernel) can't be
 * steered.
 */
import { closeSync, existsSync, globSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { makeInstanceFolder } from "../instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../live.ts";
import type { Instance } from "../target.ts";
import { type ArmedFault, demand, runningPid } from "./armed.ts";

export interface ClockJump {
  /** Against the machine's clock; negative is in the past. */
  readonly offsetMs: number;
}

export interface StartedWithClock {
  readonly clock: SteeredClock;
  readonly readyAfterMs: number;
}

export interface SteeredClock extends ArmedFault {
  /** Jumps while the server runs. */
  jump(to: ClockJump): Promise<FaultEvidence>;
}

/** Starts a server that is down with its clock off by so much. It stays so for this life; `release` sets it right. */
export async function startWithClock(instance: Instance, { offsetMs }: ClockJump): Promise<StartedWithClock> {
  demand(instance, "clock");
  const clock = new FakeClock(instance);
  try {
    clock.set(offsetMs);
    const readyAfterMs = await instance.start({ under: clock.launcher() });
    await clock.look();
    return { clock, readyAfterMs };
  } catch (error) {
    await clock.dispose();
    throw error;
  }
}

/** A running process may see a jump this much later. */
const probeTimeoutMs = 10_000;
const offsetToleranceMs = 2000;

class FakeClock implements SteeredClock, Live {
  readonly #instance: Instance;
  readonly #folder: string;
  readonly #file: string;
  #offsetMs = 0;
  #jumps = 0;
  #seenOffsetMs = 0;
  #isLoaded = false;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#folder = makeInstanceFolder();
    this.#file = join(this.#folder, "clock");
    keepLive(this);
  }

  launcher(): string[] {
    return ["env", ...environmentOf(this.#file)];
  }

  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    const seconds = (offsetMs / 1000).toFixed(3);
    writeFileSync(`${this.#file}.new`, `${offsetMs < 0 ? "" : "+"}${seconds}s\n`);
    // In one step, so that the server never reads half of it.
    renameSync(`${this.#file}.new`, this.#file);
  }

  async jump({ offsetMs }: ClockJump): Promise<FaultEvidence> {
    runningPid(this.#instance);
    this.set(offsetMs);
    this.#jumps++;
    await this.look();
    return this.evidence();
  }

  /** What a program started the same way sees, and whether the server has the library in its memory. */
  async look(): Promise<void> {
    this.#seenOffsetMs = await seenOffsetMs(this.#file);
    this.#isLoaded = readFileSync(`/proc/${runningPid(this.#instance)}/maps`, "latin1").includes("libfaketime");
  }

  evidence(): FaultEvidence {
    const happened = this.#isLoaded && Math.abs(this.#seenOffsetMs - this.#offsetMs) < offsetToleranceMs;
    return {
      happened,
      summary: `the clock is off by ${this.#offsetMs} ms; a program beside the server sees ${this.#seenOffsetMs} ms`,
      details: { offsetMs: this.#offsetMs, seenOffsetMs: this.#seenOffsetMs, jumps: this.#jumps, loaded: this.#isLoaded },
    };
  }

  async happenedWithin(): Promise<FaultEvidence> {
    await this.look();
    return this.evidence();
  }

  /** The server's clock is the machine's again; the library stays in the server until its end. */
  async release(): Promise<FaultEvidence> {
    const last = this.evidence();
    if (this.#instance.pid === undefined) {
      await this.dispose();
    } else {
      this.set(0);
    }
    return { ...last, summary: `${last.summary}; released` };
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    forgetLive(this);
  }

  disposeNow(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function environmentOf(file: string): string[] {
  const library = findLibrary() ?? "";
  return [
    `LD_PRELOAD=${library}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    "FAKETIME_NO_CACHE=1",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
    "DONT_FAKE_MONOTONIC=1",
  ];
}

async function seenOffsetMs(file: string): Promise<number> {
  const before = Date.now();
  const { stdout } = await execa("env", [...environmentOf(file), "date", "+%s%3N"], { timeout: probeTimeoutMs });
  const after = Date.now();
  return Math.round(Number(stdout) - (before + after) / 2);
}

function findLibrary(): string | undefined {
  const places = [
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
  ];
  return places.flatMap((place) => globSync(place))[0];
}

let probe: Promise<string | undefined> | undefined;

/** Why this machine can't; undefined when it can. Tried with a program of the machine's. */
export function clockLack(): Promise<string | undefined> {
  probe ??= tryClock();
  return probe;
}

async function tryClock(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "clock jumps need Linux and libfaketime";
  }
  if (findLibrary() === undefined) {
    return "clock jumps need libfaketime; apt install libfaketime";
  }
  const folder = makeInstanceFolder();
  try {
    const file = join(folder, "clock");
    writeFileSync(file, "-3600.000s\n");
    const seen = await seenOffsetMs(file);
    return Math.abs(seen + 3_600_000) < offsetToleranceMs
      ? undefined
      : `libfaketime does not steer programs here: ${seen} ms seen of -3600000`;
  } catch (error) {
    return `libfaketime does not work here: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const elfMagic = Buffer.from("\x7fELF", "latin1");
const interpreterSegment = 3;
const goMark = Buffer.from("\xff Go buildinf:", "latin1");

const known = new Map<string, string | undefined>();

/** Why this executable's clock can't be steered; undefined when it can. Looked at once. */
export function steeringLack(executable: string): string | undefined {
  if (!known.has(executable)) {
    known.set(executable, lookInto(executable));
  }
  return known.get(executable);
}

function lookInto(executable: string): string | undefined {
  if (!existsSync(executable)) {
    return `${executable} is not there`;
  }
  const bytes = readStart(executable);
  if (!bytes.subarray(0, 4).equals(elfMagic)) {
    return `${executable} is a script or of another system; only what it starts could be steered`;
  }
  if (bytes.includes(goMark)) {
    return "a server written in Go asks the kernel for the time and goes past the library that would shift it";
  }
  return hasInterpreter(bytes) ? undefined : `${executable} is linked statically, so no library can be put in front of its clock`;
}

/** Up to 64 MB: where Go leaves its mark. */
function readStart(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(64 * 1024 * 1024);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** ELF of 64 bits: a segment that names the dynamic linker. */
function hasInterpreter(bytes: Buffer): boolean {
  const start = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => bytes.readUInt32LE(start + index * size)).includes(interpreterSegment);
}

/** For a target: its machine and its executable. */
export async function clockLackOf(executable: string): Promise<string | undefined> {
  return steeringLack(executable) ?? (await clockLack());
}
