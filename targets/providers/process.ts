/**
 * Starts any executable as its target file says: volume, port and configuration first, then one life of the server after another at the
 * same address, on the same data. Everything it makes stands in one folder and is gone after `dispose`.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { capabilitiesOn, type Ground, startedCapabilities } from "../capabilities.ts";
import { kill } from "../faults/kill.ts";
import { pause, resume } from "../faults/pause.ts";
import { powerCut } from "../faults/power-cut.ts";
import { stop } from "../faults/stop.ts";
import { makeInstanceFolder, noteProcess } from "../instance-folder.ts";
import { launchOf } from "../launch.ts";
import { forgetLive, keepLive, type Live } from "../live.ts";
import { parseDurationMs, parseSizeBytes } from "../quantities.ts";
import { checkSettings, type Settings, settingsInForce } from "../settings.ts";
import {
  type Capabilities,
  type Capability,
  type Instance,
  type PowerCutAdversary,
  type ProvisionOptions,
  type StartOptions,
  type Target,
  TargetError,
} from "../target.ts";
import type { TargetFile } from "../target-file.ts";
import { createFolderVolume } from "../volumes/folder.ts";
import { createFuseVolume, FuseVolume } from "../volumes/fuse/volume.ts";
import { createImageVolume } from "../volumes/image.ts";
import { isCuttable, type Volume } from "../volumes/volume.ts";
import { LogRing } from "./log-ring.ts";
import { canListen, claimPort, type PortClaim } from "./port-claim.ts";
import { waitUntilReady } from "./readiness.ts";
import { describeExit, type Exit, ServerProcess } from "./server-process.ts";

export interface ProcessTarget {
  readonly target: Target;
  readonly file: TargetFile;
  readonly executable: string | undefined;
  /** What was set, without the defaults that reports show besides. */
  readonly given: Settings;
}

const host = "127.0.0.1";
const portAttempts = 3;
const disposeWithinMs = 10_000;

export async function provisionProcess(what: ProcessTarget, options: ProvisionOptions = {}): Promise<Instance> {
  checkSettings(what.file, options.settings ?? {});
  options.signal?.throwIfAborted();
  const capabilities = await startedCapabilities(what.file, what.executable);
  const needed = options.volume === "fuse" ? "fuse" : "power-cut";
  if ((options.powerCut === true || options.volume !== undefined) && !capabilities.has.has(needed)) {
    throw new TargetError("TARGET_CAPABILITY_MISSING", `target "${what.target.name}": ${capabilities.missing.get(needed) ?? ""}`);
  }
  for (let attempt = 1; ; attempt++) {
    const instance = new ProcessInstance(what, capabilities, options);
    try {
      await instance.prepare();
      await instance.start();
      return instance;
    } catch (error) {
      const portTaken = error instanceof TargetError && error.code === "TARGET_EXITED" && !(await canListen(host, instance.port));
      await instance.dispose();
      // Another program took the port between our look and the server's start: not the server's fault.
      if (!portTaken || attempt === portAttempts) {
        throw error;
      }
    }
  }
}

async function makeVolume(ground: Ground, { place, sizeBytes }: { place: string; sizeBytes: number }): Promise<Volume> {
  if (ground === "fuse") {
    return createFuseVolume(place, sizeBytes);
  }
  return ground === "image" ? createImageVolume(place, sizeBytes) : createFolderVolume(place);
}

class ProcessInstance implements Instance, Live {
  readonly target: Target;
  readonly capabilities: Capabilities;
  readonly settings: Settings;
  epoch = 0;
  server = { name: "", version: "" };

  readonly #what: ProcessTarget;
  readonly #options: ProvisionOptions;
  readonly #given: Settings;
  readonly #folder: string;
  readonly #log = new LogRing();
  #volume: Volume | undefined;
  #claim: PortClaim | undefined;
  #process: ServerProcess | undefined;
  #disposed: Promise<void> | undefined;

  constructor(what: ProcessTarget, capabilities: Capabilities, options: ProvisionOptions) {
    this.#what = what;
    this.#options = options;
    this.target = what.target;
    this.#given = { ...what.given, ...options.settings };
    this.settings = settingsInForce(what.file, this.#given);
    this.capabilities = capabilitiesOn(this.#ground, capabilities);
    this.#folder = makeInstanceFolder();
    keepLive(this);
  }

  get url(): string {
    return `nats://${host}:${this.port}`;
  }

  get port(): number {
    return this.#claim?.port ?? 0;
  }

  get pid(): number | undefined {
    return this.#process?.exit === undefined ? this.#process?.pid : undefined;
  }

  get disk(): FuseVolume | undefined {
    return this.#volume instanceof FuseVolume ? this.#volume : undefined;
  }

  get #ground(): Ground {
    return this.#options.volume ?? (this.#options.powerCut === true ? "image" : "folder");
  }

  get dataDirectory(): string | undefined {
    return this.#volume?.directory;
  }

  async prepare(): Promise<void> {
    const sizeBytes = parseSizeBytes(this.#what.file.volume.size) ?? 0;
    const place = join(this.#folder, "volume");
    this.#volume = await makeVolume(this.#ground, { place, sizeBytes });
    this.#claim = await claimPort(host);
  }

  logTail(lines = 50): readonly string[] {
    return this.#log.tail(lines);
  }

  async start({ under = [] }: StartOptions = {}): Promise<number> {
    if (this.#disposed !== undefined) {
      throw new TargetError("TARGET_NOT_READY", `${this.#title} was disposed of and can't be started again`);
    }
    if (this.pid !== undefined) {
      throw new TargetError("TARGET_NOT_READY", `${this.#title} is running already as process ${this.pid}; stop or kill it first`);
    }
    this.#process = this.#spawn(under);
    const withinMs = this.#options.startTimeoutMs ?? parseDurationMs(this.#what.file.ready.within) ?? 0;
    const readiness = await this.#untilReady(this.#process, withinMs);
    if (readiness.is === "exited") {
      throw new TargetError("TARGET_EXITED", this.#withLog(`${this.#title} ${describeExit(readiness.exit)} before it answered`));
    }
    if (readiness.is === "not-ready") {
      await this.#endNow();
      const says = `${this.#title} was not ready within ${withinMs} ms: ${readiness.problem}`;
      throw new TargetError("TARGET_NOT_READY", this.#withLog(says));
    }
    this.epoch++;
    this.server = { name: readiness.info.server_name, version: readiness.info.version };
    return readiness.afterMs;
  }

  async stop(): Promise<FaultEvidence> {
    const { signal, within } = this.#what.file.stop;
    return stop(this.#running("restart"), { signal, withinMs: parseDurationMs(within) ?? 0 });
  }

  async kill(): Promise<FaultEvidence> {
    return kill(this.#running("kill"));
  }

  async powerCut(adversary: PowerCutAdversary): Promise<FaultEvidence> {
    const server = this.#running("power-cut");
    if (this.#volume === undefined || !isCuttable(this.#volume)) {
      throw new TargetError("TARGET_CAPABILITY_MISSING", `${this.#title} does not stand on a volume that can be cut`);
    }
    return powerCut(server, this.#volume, adversary);
  }

  async pause(): Promise<FaultEvidence> {
    return pause(this.#running("pause"));
  }

  async resume(): Promise<FaultEvidence> {
    return resume(this.#running("pause"));
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#remove();
    return this.#disposed;
  }

  disposeNow(): void {
    this.#process?.signalGroup("SIGKILL");
    try {
      this.#volume?.disposeNow();
      rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // The next run's sweep of leftovers finds it.
    }
  }

  get #title(): string {
    return `target "${this.target.name}"`;
  }

  #running(capability: Capability): ServerProcess {
    const lack = this.capabilities.missing.get(capability);
    if (lack !== undefined || this.#process === undefined) {
      throw new TargetError("TARGET_CAPABILITY_MISSING", `${this.#title}: ${lack ?? "it was never started"}`);
    }
    return this.#process;
  }

  #spawn(under: readonly string[]): ServerProcess {
    const place = { folder: this.#folder, data: this.dataDirectory ?? "", host, port: this.port, name: this.target.key };
    const launch = launchOf(this.#what.file, this.#what.executable, place, this.#given);
    if (launch.config !== undefined) {
      mkdirSync(dirname(launch.config.file), { recursive: true });
      writeFileSync(launch.config.file, launch.config.text);
    }
    const [command = "", ...args] = [...under, launch.command, ...launch.args];
    this.#log.note(`life ${this.epoch + 1}: ${[command, ...args].join(" ")}`);
    const { environment } = launch;
    const server = new ServerProcess({
      command,
      args,
      environment,
      folder: this.#folder,
      onOutput: (source, bytes) => this.#log.push(source, bytes),
    });
    if (server.pid !== undefined) {
      noteProcess(this.#folder, server.pid);
    }
    return server;
  }

  async #untilReady(server: ServerProcess, withinMs: number) {
    const { jetstream } = this.#what.file.ready;
    try {
      const readiness = await waitUntilReady({
        url: this.url,
        withinMs,
        jetstream,
        exited: () => server.exit,
        signal: this.#options.signal,
      });
      // Whoever answered, it was not this server if that is gone.
      const exit: Exit | undefined = server.exit;
      return exit === undefined ? readiness : ({ is: "exited", exit } as const);
    } catch (error) {
      await this.#endNow();
      throw error;
    }
  }

  #withLog(says: string): string {
    const tail = this.logTail(20);
    return tail.length === 0 ? says : `${says}. The last it printed:\n${tail.map((line) => `  ${line}`).join("\n")}`;
  }

  async #endNow(): Promise<void> {
    this.#process?.signalGroup("SIGKILL");
    await this.#process?.ended(disposeWithinMs);
  }

  async #remove(): Promise<void> {
    await this.#endNow();
    this.#claim?.release();
    await this.#volume?.dispose();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    forgetLive(this);
  }
}
