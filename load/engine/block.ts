/**
 * One block: a fresh stream, warm-up, measurement, drain, account. Whatever the server does, it ends in bounded time and with a verdict; the
 * stream is removed where the server still allows it.
 */
import { performance } from "node:perf_hooks";
import type { LoadBlock } from "../../evidence/results/schema.ts";
import { type Connection, connect } from "../../wire/connection.ts";
import { deleteStream, recreateStream, streamState } from "../drivers/jetstream.ts";
import type { LoadProfile, SizePlan } from "../schema/profile.ts";
import { Accounting } from "./accounting.ts";
import type { Arrival, Flow, FlowContext } from "./flow.ts";
import { prepareHistograms } from "./latency.ts";
import { ClosedPublishing, OpenPublishing } from "./publishing.ts";
import { ClosedReading, OpenReading } from "./reading.ts";
import { Recorder } from "./recorder.ts";
import { spotCheck } from "./spot-check.ts";

export interface BlockOptions {
  readonly url: string;
  readonly side: "A" | "B";
  readonly pair: number;
  readonly profile: LoadProfile;
  readonly arrival: Arrival;
  readonly plan: SizePlan;
  readonly connections: number;
  readonly payloadBytes: number;
  readonly stream: string;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: { phase: Phase; operations: number; seconds: number }) => void;
}

export type Phase = "set-up" | "warm-up" | "measure" | "drain";

export interface BlockOutcome {
  readonly block: LoadBlock;
  /** Any of these voids the run. */
  readonly problems: readonly string[];
  /** Why the generator and not the server was measured. */
  readonly generatorBound: string | undefined;
  /** Why an open model's figures only say that the server was too slow for the rate. */
  readonly saturated: string | undefined;
}

const errorsMax = 1000;
const tickMs = 100;
const settlePollMs = 5;
/** Above this share of one core a closed model measures its own client. */
const cpuShareMax = 0.85;
/** An event loop that never waits is no better, whoever took the core away. */
const busyMax = 0.95;

/** What the client itself used of the machine while it measured, as shares of one core. */
interface ClientUse {
  readonly cpuShare: number;
  /** Of the time the event loop did not wait for events. */
  readonly busyShare: number;
}

const idleClient: ClientUse = { cpuShare: 0, busyShare: 0 };

export async function runBlock(options: BlockOptions): Promise<BlockOutcome> {
  await prepareHistograms();
  const recorder = new Recorder(options.arrival.model);
  const accounting = new Accounting();
  const problems: string[] = [];
  const opened: Connection[] = [];
  let client: ClientUse = idleClient;
  let flow: Flow | undefined;
  try {
    options.signal?.throwIfAborted();
    const control = await open(options, opened, "control");
    const subject = `${options.stream}.m`;
    await recreateStream(control, { name: options.stream, subject, storage: options.profile.stream.storage });
    flow = makeFlow(options, await flowContext(options, { recorder, subject, opened }));
    const watch = new Watch({ options, flow, recorder, opened });
    try {
      client = await runPhases(options, { flow, recorder, watch });
    } finally {
      flow.halt();
      watch.end();
    }
    accounting.stored = (await streamState(control, options.stream)).messages;
    const unsettled = await settleAcks(flow, options.plan.drain);
    if (unsettled > 0) {
      accounting.addError("ack-not-taken", unsettled);
    }
    flow.account(accounting);
    const missing = accounting.problems().length === 0 ? await readBack(control, options, { count: accounting.acknowledged }) : 0;
    accounting.lost = Math.max(accounting.lost, accounting.acknowledged - accounting.stored, missing);
  } catch (error) {
    problems.push(describe(error));
    flow?.account(accounting);
  } finally {
    await cleanUp(opened, options.stream, problems.length === 0);
  }
  const outcome = {
    block: blockOf(options, { recorder, accounting, client }),
    problems: [...problems, ...accounting.problems()],
    generatorBound: generatorBoundOf(options, recorder, client),
    saturated: saturatedOf(recorder),
  };
  recorder.free();
  return outcome;
}

async function runPhases(options: BlockOptions, parts: { flow: Flow; recorder: Recorder; watch: Watch }): Promise<ClientUse> {
  const { flow, recorder, watch } = parts;
  const { plan } = options;
  await watch.during("set-up", flow.prepare());
  flow.start();
  await watch.sleep("warm-up", plan.warmup);
  recorder.begin(performance.now());
  const meter = startClientMeter();
  await watch.sleep("measure", plan.measure);
  recorder.end(performance.now());
  const client = meter();
  flow.stop();
  await watch.during(
    "drain",
    until(() => flow.isDrained, plan.drain),
  );
  return client;
}

/** CPU time counts all threads of this process: collecting garbage is part of what the client costs. */
function startClientMeter(): () => ClientUse {
  const startMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const busyShare = performance.eventLoopUtilization(loopBefore).utilization;
    return { cpuShare: (user + system) / 1000 / (performance.now() - startMs), busyShare };
  };
}

/** Acknowledgements need no answer, so that only the server's own count shows when it has taken the last one. Returns what is left then. */
async function settleAcks(flow: Flow, withinMs: number): Promise<number> {
  const deadline = performance.now() + withinMs;
  while (true) {
    const left = await flow.unsettled();
    if (left === 0 || performance.now() > deadline) {
      return left;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, settlePollMs);
    });
  }
}

/** Ends a wait early when the block can't go on: connection lost, flow failed, silence, too many errors, abort. */
class Watch {
  readonly #broken: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #options: BlockOptions;
  readonly #recorder: Recorder;
  #phase: Phase = "set-up";
  #seen = 0;
  #seenAtMs = performance.now();
  #sleeping: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  constructor(parts: { options: BlockOptions; flow: Flow; recorder: Recorder; opened: readonly Connection[] }) {
    const { options, flow, recorder, opened } = parts;
    this.#options = options;
    this.#recorder = recorder;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#broken = promise;
    promise.catch(() => undefined);
    flow.failed.catch(reject);
    for (const connection of opened) {
      void connection.closed.then((reason) => reject(reason.error));
    }
    this.#onAbort = () => reject(options.signal?.reason);
    options.signal?.addEventListener("abort", this.#onAbort);
    this.#timer = setInterval(() => this.#tick(flow, reject), tickMs);
  }

  async during<T>(phase: Phase, wait: Promise<T>): Promise<T> {
    this.#phase = phase;
    this.#seenAtMs = performance.now();
    return Promise.race([wait, this.#broken]);
  }

  /** The timer dies with the watch: a minute of measurement does not outlive a dead server. */
  async sleep(phase: Phase, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleeping = setTimeout(resolve, ms);
    await this.during(phase, promise);
  }

  end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#sleeping);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #tick(flow: Flow, reject: (error: Error) => void): void {
    const now = performance.now();
    if (this.#recorder.progress !== this.#seen || flow.inFlight === 0) {
      this.#seen = this.#recorder.progress;
      this.#seenAtMs = now;
    }
    // A server that answers nothing for as long as a drain may take is silent; preparing has deadlines of its own.
    const silenceMaxMs = this.#options.plan.drain;
    if (this.#phase !== "set-up" && now - this.#seenAtMs > silenceMaxMs) {
      reject(new Error(`the server answered nothing for ${silenceMaxMs / 1000} s with ${flow.inFlight} operations in flight`));
    }
    if (flow.errorCount > errorsMax) {
      reject(new Error(`more than ${errorsMax} operations failed`));
    }
    this.#options.onProgress({ phase: this.#phase, operations: this.#recorder.operations, seconds: this.#recorder.seconds });
  }
}

async function open(options: BlockOptions, opened: Connection[], name: string): Promise<Connection> {
  const { url, signal } = options;
  const connection = await connect({ url, name: `streamproof load ${name}`, ...(signal === undefined ? {} : { signal }) });
  opened.push(connection);
  return connection;
}

async function flowContext(
  options: BlockOptions,
  parts: { recorder: Recorder; subject: string; opened: Connection[] },
): Promise<FlowContext> {
  const { profile, plan, payloadBytes, stream, seed } = options;
  // An open model of reading publishes on one connection and reads on the other.
  const count = profile.load.op !== "publish" && options.arrival.model === "open" ? 2 : options.connections;
  const connections: Connection[] = [];
  while (connections.length < count) {
    connections.push(await open(options, parts.opened, `data ${connections.length}`));
  }
  const pull = profile.load.pull ?? { batch: 1, ack: "none" };
  const run = runOf(options);
  return {
    connections,
    recorder: parts.recorder,
    stream,
    subject: parts.subject,
    payloadBytes,
    messageIds: profile.load.messageIds,
    pull,
    push: profile.load.op === "push" ? profile.load.push : undefined,
    preload: plan.preload ?? 0,
    seed,
    run,
  };
}

/** Stamps of a block's first publisher; further ones count up from it, at most a thousand. */
function runOf({ seed, pair, side }: BlockOptions): number {
  return (seed + pair * 2048 + (side === "A" ? 0 : 1024)) >>> 0;
}

/** Only of an account without problems: then the stream holds sequences from 1 to the number of acknowledgements. */
function readBack(control: Connection, options: BlockOptions, { count }: { count: number }): Promise<number> {
  const { stream, payloadBytes, seed } = options;
  const runs = new Set(Array.from({ length: options.connections }, (_, index) => (runOf(options) + index) >>> 0));
  return spotCheck(control, { stream, count, runs, payloadBytes, seed });
}

function makeFlow(options: BlockOptions, context: FlowContext): Flow {
  const { arrival } = options;
  if (options.profile.load.op === "publish") {
    return arrival.model === "open" ? new OpenPublishing(context, arrival) : new ClosedPublishing(context, arrival.inFlight);
  }
  return arrival.model === "open" ? new OpenReading(context, arrival) : new ClosedReading(context, arrival.inFlight);
}

async function cleanUp(opened: readonly Connection[], stream: string, isHealthy: boolean): Promise<void> {
  const [control] = opened;
  if (control !== undefined && !control.isClosed) {
    // A server that is gone or silent keeps its stream; the verdict stands already.
    await deleteStream(control, stream, isHealthy ? undefined : 1000).catch(() => undefined);
  }
  await Promise.all(opened.map((connection) => connection.close()));
}

function blockOf(options: BlockOptions, parts: { recorder: Recorder; accounting: Accounting; client: ClientUse }): LoadBlock {
  const { recorder, accounting, client } = parts;
  const { seconds } = recorder;
  const response = recorder.response?.summary();
  const service = recorder.service.summary();
  const lag = recorder.lag !== undefined && recorder.lag.count > 0 ? recorder.lag.p99Us() : undefined;
  return {
    side: options.side,
    pair: options.pair,
    operations: recorder.operations,
    seconds,
    perSecond: seconds > 0 ? recorder.operations / seconds : 0,
    ...(response === undefined ? {} : { response }),
    ...(service === undefined ? {} : { service }),
    deferred: recorder.deferred,
    ...(lag === undefined ? {} : { generatorLagP99Us: lag }),
    generatorCpuShare: client.cpuShare,
    accounting: accounting.toResult(),
  };
}

/** An open model turns with the event loop, so only its lateness tells; a closed one waits for the server unless it is itself the limit. */
function generatorBoundOf(options: BlockOptions, recorder: Recorder, client: ClientUse): string | undefined {
  if (recorder.lag === undefined) {
    return closedBoundOf(client);
  }
  const lagMs = recorder.lag.count > 0 ? recorder.lag.p99Us() / 1000 : 0;
  const lagMaxMs = options.profile.slo.responseP99 / 10;
  return lagMs > lagMaxMs ? `the client sent ${lagMs.toFixed(1)} ms late at p99; at most ${lagMaxMs} ms can be judged` : undefined;
}

function closedBoundOf({ cpuShare, busyShare }: ClientUse): string | undefined {
  if (cpuShare > cpuShareMax) {
    return `the client used ${Math.round(cpuShare * 100)} % of a core`;
  }
  return busyShare > busyMax ? `the client was busy ${Math.round(busyShare * 100)} % of the time` : undefined;
}

function saturatedOf(recorder: Recorder): string | undefined {
  const share = recorder.offered === 0 ? 0 : recorder.late / recorder.offered;
  return share > 0.01 ? `${Math.round(share * 100)} % of the offered operations were not done when the measurement ended` : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Also resolves at its deadline: what is then still missing shows in the account. */
function until(isTrue: () => boolean, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  return new Promise((resolve) => {
    const look = () => {
      if (isTrue() || performance.now() > deadline) {
        resolve();
        return;
      }
      setTimeout(look, 2);
    };
    look();
  });
}
