/** A server with many stored messages, restarted and weighed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recreateStream, streamState } from "../../load/drivers/jetstream.ts";
import { preload } from "../../load/engine/preload.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Instance, Target } from "../../targets/target.ts";
import { connect } from "../../wire/connection.ts";

const stream = "FILLED";
const startTimeoutMs = 120_000;

export interface Filling {
  readonly messages: number;
  readonly subjects: number;
  readonly payloadBytes: number;
  readonly seed: number;
}

/** The built package, as users get it. */
export function builtReference(): Promise<Target> {
  return resolveTarget("", { targetFile: fileURLToPath(new URL("built.yaml", import.meta.url)) });
}

export class FilledServer implements AsyncDisposable {
  readonly #instance: Instance;
  readonly #messages: number;

  private constructor(instance: Instance, messages: number) {
    this.#instance = instance;
    this.#messages = messages;
  }

  /** Starts it on an empty store, weighs it, and stores the messages. */
  static async start(target: Target, filling: Filling, signal: AbortSignal): Promise<{ server: FilledServer; emptyBytes: number }> {
    const instance = await target.provision({ startTimeoutMs, signal });
    try {
      const emptyBytes = residentBytes(instance.pid);
      await fill(instance.url, filling, signal);
      return { server: new FilledServer(instance, filling.messages), emptyBytes };
    } catch (error) {
      await instance.dispose();
      throw error;
    }
  }

  get residentBytes(): number {
    return residentBytes(this.#instance.pid);
  }

  /** Milliseconds from the start of the process until it tells the last sequence; throws when that is not the one that was acknowledged. */
  async restart(end: "stop" | "kill"): Promise<number> {
    await this.#instance[end]();
    const begin = performance.now();
    await this.#instance.start();
    const connection = await connect({ url: this.#instance.url });
    try {
      const { messages, lastSequence } = await streamState(connection, stream);
      const readyMs = performance.now() - begin;
      if (messages !== this.#messages || lastSequence !== this.#messages) {
        throw new Error(`${messages} messages up to sequence ${lastSequence} are there after a restart, not ${this.#messages}`);
      }
      return readyMs;
    } finally {
      await connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#instance.dispose();
  }
}

async function fill(url: string, { messages, subjects, payloadBytes, seed }: Filling, signal: AbortSignal): Promise<void> {
  const [control, data] = await Promise.all([connect({ url }), connect({ url })]);
  try {
    await recreateStream(control, { name: stream, subject: `${stream}.>`, storage: "file" });
    await preload({ connection: data, subject: `${stream}.m`, subjects, payloadBytes, count: messages, seed, run: seed, signal });
  } finally {
    await Promise.all([control.close(), data.close()]);
  }
}

function residentBytes(pid: number | undefined): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}
