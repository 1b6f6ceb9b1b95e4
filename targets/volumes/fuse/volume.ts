/**
 * A volume whose disk is a process of ours, through FUSE: it knows what was written and what was synced to the byte, so a cut takes exactly
 * that. Linux and root only.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { nodeExecutable } from "../../launch.ts";
import type { PowerCutAdversary } from "../../target.ts";
import { isMounted, unmount, unmountNow } from "../mount.ts";
import { type CuttableVolume, created, type Snapshot } from "../volume.ts";
import type { DiskCalls, Question, Reply } from "./disk-calls.ts";

const callWithinMs = 20_000;
const endWithinMs = 10_000;

/** `folder` is the volume's own; rejects with nothing left behind in it but files. */
export function createFuseVolume(folder: string, sizeBytes: number): Promise<FuseVolume> {
  return created(new FuseVolume(folder), sizeBytes);
}

export class FuseVolume implements CuttableVolume {
  readonly kind = "fuse";
  readonly directory: string;
  readonly mountPoint: string;
  readonly #folder: string;
  #channel: Channel | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.mountPoint = join(folder, "mount");
    this.directory = join(this.mountPoint, "data");
  }

  async create(sizeBytes: number): Promise<void> {
    mkdirSync(this.mountPoint, { recursive: true });
    this.#channel = new Channel();
    await this.ask("mount", { mountPoint: this.mountPoint, sizeBytes });
  }

  /** Asks the disk; see `DiskCalls`. */
  ask<Call extends keyof DiskCalls>(call: Call, argument?: Parameters<DiskCalls[Call]>[0]): Promise<Awaited<ReturnType<DiskCalls[Call]>>> {
    if (this.#channel === undefined) {
      return Promise.reject(new Error("the disk is not there"));
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other end implements `DiskCalls`
    return this.#channel.ask(call, argument) as Promise<Awaited<ReturnType<DiskCalls[Call]>>>;
  }

  async letGo(): Promise<void> {
    await this.ask("letGo");
  }

  async snapshot(adversary: PowerCutAdversary): Promise<Snapshot> {
    const facts = await this.ask("survivors", { adversary, names: adversary.names ?? "ordered" });
    const { unsyncedBytes, droppedBytes, pendingNames, droppedNames, shape } = facts;
    return { file: "", unsyncedBytes, droppedBytes, shape: { volume: "fuse", pendingNames, droppedNames, ...shape } };
  }

  /** The kernel is told of new files behind the old names; the mount stays. */
  async replaceWith(_snapshot: Snapshot): Promise<void> {
    await this.ask("adopt");
  }

  async dispose(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.ask("letGo", undefined).catch(() => {});
    if (isMounted(this.mountPoint)) {
      // Who still has a file open there must not keep the tool; without its process the mount answers errors.
      await unmount(this.mountPoint).catch(() => unmountNow(this.mountPoint));
    }
    await channel?.end();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  disposeNow(): void {
    if (isMounted(this.mountPoint)) {
      unmountNow(this.mountPoint);
    }
    this.#channel?.endNow();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The process and the channel to it. While nothing is asked it doesn't keep the tool alive. */
class Channel {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #said = "";

  constructor() {
    const extension = import.meta.filename.endsWith(".ts") ? "ts" : "js";
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("NODE_")));
    this.#child = spawn(nodeExecutable(), [join(import.meta.dirname, `daemon.${extension}`)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
      // In a group of its own, so that a Ctrl-C at the terminal doesn't reach it.
      detached: true,
      // For people who wonder whose process it is.
      env: { ...environment, STREAMPROOF_TOOL: String(process.pid) },
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const gone = (why: string) => {
      for (const { reject } of this.#pending.values()) {
        reject(new Error(`the process of the disk ${why}${this.#said === "" ? "" : `: ${this.#said.trim().split("\n").at(-1)}`}`));
      }
      this.#pending.clear();
      resolve();
    };
    this.#child.once("error", (error) => gone(`could not be started: ${error.message}`));
    this.#child.once("exit", (code, signal) => gone(`ended (${signal ?? code})`));
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString()).slice(-4000);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only our own process writes into this channel
    this.#child.on("message", (message) => this.#settle(message as Reply));
    this.#child.unref();
    this.#idle();
  }

  async ask(call: keyof DiskCalls, argument: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#next++;
    this.#pending.set(id, { resolve, reject });
    this.#child.channel?.ref();
    const deadline = setTimeout(() => this.#settle({ id, failure: `it did not answer "${call}" within ${callWithinMs} ms` }), callWithinMs);
    const question: Question = { id, call, argument };
    this.#child.send(question, (error) => {
      if (error !== null) {
        this.#settle({ id, failure: error.message });
      }
    });
    return promise.finally(() => clearTimeout(deadline));
  }

  /** It unmounts what is still mounted when the channel closes. */
  async end(): Promise<void> {
    this.#disconnect();
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), endWithinMs);
    this.#child.ref();
    await this.#ended;
    clearTimeout(deadline);
  }

  endNow(): void {
    this.#child.kill("SIGKILL");
  }

  #disconnect(): void {
    if (this.#child.connected) {
      this.#child.disconnect();
    }
  }

  #settle({ id, result, failure }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (failure === undefined) {
      pending?.resolve(result);
    } else {
      pending?.reject(new Error(`the disk: ${failure}`));
    }
    this.#idle();
  }

  #idle(): void {
    if (this.#pending.size === 0) {
      this.#child.channel?.unref();
      if (this.#child.stderr instanceof Socket) {
        this.#child.stderr.unref();
      }
    }
  }
}
