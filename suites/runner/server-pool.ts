/**
 * The servers of a run. Most cases share one; a case that hurts its server, or sets it up in its own way, gets one of its own. A shared server
 * that a case brought down is replaced a few times; then the run stops asking.
 */
import type { Instance, ProvisionOptions, Target } from "../../targets/target.ts";
import { connect } from "../../wire/connection.ts";

const replacementsMax = 3;
const probeTimeoutMs = 2000;

export class ServerPool {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  #shared: Promise<Instance> | undefined;
  #generation = 0;
  #replacing: Promise<boolean> | undefined;

  constructor(target: Target, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  /** Counts the shared servers so far: a case that began on an older one may have suffered from its end. */
  get generation(): number {
    return this.#generation;
  }

  shared(): Promise<Instance> {
    this.#shared ??= this.#target.provision({ signal: this.#signal });
    return this.#shared;
  }

  own(options: Omit<ProvisionOptions, "signal">): Promise<Instance> {
    return this.#target.provision({ ...options, signal: this.#signal });
  }

  /** Whether cases can go on with the shared server, if need be a new one. One probe serves all who ask at once. */
  recovered(): Promise<boolean> {
    this.#replacing ??= this.#recover().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  async dispose(): Promise<void> {
    const shared = await this.#shared?.catch(() => undefined);
    this.#shared = undefined;
    await shared?.dispose();
  }

  async #recover(): Promise<boolean> {
    if (await answers((await this.shared()).url)) {
      return true;
    }
    if (this.#generation >= replacementsMax || this.#signal.aborted) {
      return false;
    }
    this.#generation++;
    await this.dispose();
    try {
      await this.shared();
      return true;
    } catch {
      return false;
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const connection = await connect({ url, timeoutMs: probeTimeoutMs });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
