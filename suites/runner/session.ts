/**
 * What one case holds on a server: its connections, subscriptions and bare connections, all by the names the case gives them. Everything is
 * made on first use, made anew after a fault, and closed at the end. The traces of all of them are kept for a failure.
 */

import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { ArmedFault } from "../../targets/faults/armed.ts";
import type { Instance } from "../../targets/target.ts";
import { type Connection, connect } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import { openRaw, type RawConnection } from "../../wire/raw-connection.ts";
import type { Subscription } from "../../wire/subscription.ts";
import type { TraceFrame } from "../../wire/trace.ts";

export interface ReleaseOptions {
  readonly withinMs: number;
  /** A server that the fault did not bring down is killed. */
  readonly orKill?: boolean;
  /** What never happened counts for nothing, instead of making the case inconclusive. */
  readonly optional?: boolean;
}

export class Session {
  readonly instance: Instance;
  readonly signal: AbortSignal;
  readonly #beganAtMs = performance.now();
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #raws = new Map<string, RawConnection>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #faults: FaultEvidence[] = [];
  readonly #armed = new Map<string, ArmedFault>();
  #trace: TraceFrame[] = [];

  constructor(instance: Instance, signal: AbortSignal) {
    this.instance = instance;
    this.signal = signal;
  }

  /** Faults that were done, with their evidence. */
  get faults(): readonly FaultEvidence[] {
    return this.#faults;
  }

  /** The connection of this name; a lost one is replaced. */
  async connection(name: string): Promise<Connection> {
    const open = this.#connections.get(name);
    if (open !== undefined && !(await open).isClosed) {
      return open;
    }
    if (open !== undefined) {
      this.#keepTrace((await open).trace());
    }
    const made = connect({ url: this.instance.url, name, trace: true, timeoutMs: connectTimeoutMs, signal: this.signal });
    this.#connections.set(name, made);
    try {
      return await made;
    } catch (error) {
      this.#connections.delete(name);
      throw error;
    }
  }

  async rawConnection(name: string): Promise<RawReader> {
    let raw = this.#raws.get(name);
    if (raw === undefined) {
      raw = await openRaw({ url: this.instance.url, timeoutMs: connectTimeoutMs, signal: this.signal, trace: true });
      this.#raws.set(name, raw);
    }
    return new RawReader(raw);
  }

  keepSubscription(name: string, subscription: Subscription): void {
    this.#subscriptions.get(name)?.unsubscribe();
    this.#subscriptions.set(name, subscription);
  }

  subscription(name: string): Subscription {
    const found = this.#subscriptions.get(name);
    if (found === undefined) {
      throw new UnknownSubscription(name, [...this.#subscriptions.keys()]);
    }
    return found;
  }

  /** Hurts the server, starts it again, and says what an outside observer saw. */
  async fault(
    _name: string,
    hurt: (instance: Instance) => Promise<FaultEvidence>,
    start: (instance: Instance) => Promise<unknown> = (instance) => instance.start(),
  ): Promise<FaultEvidence> {
    const evidence = await hurt(this.instance);
    this.#faults.push(evidence);
    await this.#closeAll();
    await start(this.instance);
    return evidence;
  }

  /** Keeps a fault that lasts under the name of its verb, until `release` or the end of the case. */
  hold(name: string, armed: ArmedFault): FaultEvidence {
    this.#armed.set(name, armed);
    return armed.evidence();
  }

  /** Waits for what is armed to happen and undoes it; a server that is down then is started again. */
  async release(name: string, { withinMs, orKill = false, optional = false }: ReleaseOptions): Promise<FaultEvidence> {
    const armed = this.#armed.get(name);
    if (armed === undefined) {
      throw new UnknownFault(name, [...this.#armed.keys()]);
    }
    const { happened } = await armed.happenedWithin(withinMs);
    let evidence = await armed.release();
    this.#armed.delete(name);
    if (!happened && orKill) {
      const killed = await this.instance.kill();
      evidence = { ...killed, summary: `${evidence.summary}; ${killed.summary}` };
    }
    if (happened || !optional) {
      this.#faults.push(evidence);
    }
    if (this.instance.pid === undefined) {
      await this.#closeAll();
      await this.instance.start();
    }
    return evidence;
  }

  async close(): Promise<void> {
    await this.#closeAll();
    const armed = [...this.#armed.values()];
    this.#armed.clear();
    await Promise.all(armed.map((each) => each.release()));
  }

  /** The newest frames of all connections in the order of time, milliseconds from the beginning of the case. */
  async trace(framesMax = 200): Promise<TraceFrame[]> {
    const open = await Promise.all([...this.#connections.values()].map((made) => made.then((each) => each.trace()).catch(() => [])));
    const raws = [...this.#raws.values()].map((raw) => raw.trace());
    const frames = [...this.#trace, ...open.flat(), ...raws.flat()].toSorted((a, b) => a.atMs - b.atMs).slice(-framesMax);
    return frames.map((frame) => ({ ...frame, atMs: Math.round((frame.atMs - this.#beganAtMs) * 1000) / 1000 }));
  }

  async #closeAll(): Promise<void> {
    const open = [...this.#connections.values()];
    this.#connections.clear();
    this.#subscriptions.clear();
    for (const raw of this.#raws.values()) {
      this.#keepTrace(raw.trace());
      raw.close();
    }
    this.#raws.clear();
    await Promise.all(
      open.map(async (made) => {
        const connection = await made.catch(() => undefined);
        if (connection !== undefined) {
          this.#keepTrace(connection.trace());
          await connection.close();
        }
      }),
    );
  }

  #keepTrace(frames: readonly TraceFrame[]): void {
    this.#trace = [...this.#trace, ...frames].slice(-keptFramesMax);
  }
}

const connectTimeoutMs = 5000;
const keptFramesMax = 1000;

/** Reads frames of a bare connection as a case names them. */
export class RawReader {
  readonly #raw: RawConnection;

  constructor(raw: RawConnection) {
    this.#raw = raw;
  }

  send(bytes: Uint8Array): void {
    this.#raw.send(bytes);
  }

  /** Fewer frames than asked for are an answer too: the time passed, or the server closed the connection. */
  async read(options: { frames: number; timeoutMs: number }): Promise<{ frames: string[]; closed?: true }> {
    const deadline = performance.now() + options.timeoutMs;
    const frames: string[] = [];
    while (frames.length < options.frames) {
      try {
        const { verb, line, payload } = await this.#raw.nextFrame({ timeoutMs: Math.max(1, deadline - performance.now()) });
        frames.push(verb === "INFO" ? "INFO" : payload.byteLength === 0 ? line : `${line}\r\n${Buffer.from(payload).toString("utf8")}`);
      } catch (error) {
        if (isWireError(error, "WIRE_TIMEOUT")) {
          return { frames };
        }
        if (isWireError(error, "WIRE_DISCONNECTED")) {
          return { frames, closed: true };
        }
        throw error;
      }
    }
    return { frames, ...(this.#raw.isEnded ? { closed: true as const } : {}) };
  }
}

export class UnknownFault extends Error {
  override readonly name = "UnknownFault";
  readonly code = "STEP_INVALID";
  constructor(name: string, known: readonly string[]) {
    super(`no "${name}" is under way. Under way: ${known.length === 0 ? "none" : known.join(", ")}`);
  }
}

export class UnknownSubscription extends Error {
  override readonly name = "UnknownSubscription";
  readonly code = "STEP_INVALID";
  constructor(name: string, known: readonly string[]) {
    super(`no subscription "${name}" is open; a fault ends all of them. Open: ${known.length === 0 ? "none" : known.join(", ")}`);
  }
}
