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
import { type ClientUse, clientBoundOf, idleClient, startClientMeter } from "./client-use.ts";
import type { Arrival, Flow, FlowContext } from "./flow.ts";
import { prepareHistograms } from "./latency.ts";
import { ClosedPublishing, OpenPublishing } from "./publishing.ts";
import { ClosedReading, OpenReading } from "./reading.ts";
import { Recorder } from "./recorder.ts";
import { spotCheck } from "./spot-check.ts";
import { type Phase, Watch } from "./watch.ts";

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

export interface BlockOutcome {
  readonly block: LoadBlock;
  /** Any of these voids the run. */
  readonly problems: readonly string[];
  /** Why the generator and not the server was measured. */
  readonly generatorBound: string | undefined;
  /** Why an open model's figures only say that the server was too slow for the rate. */
  readonly saturated: string | undefined;
}

const settlePollMs = 5;
/** What a server may take for each message of a window before it answers the first of them: it syncs them one by one. */
const syncMaxMs = 2;
/** A closed model's window comes home within so many times the longest silence; an open one may have a backlog without end. */
const drainSilencesMax = 12;
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
    const { signal, onProgress } = options;
    const watch = new Watch({ flow, recorder, connections: opened, silenceMaxMs: silenceMaxOf(options), signal, onProgress });
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
  const isClosed = options.arrival.model === "closed";
  const silenceMaxMs = silenceMaxOf(options);
  await watch.during("warm-up", isClosed ? recorder.beginWithAnswer() : recorder.begin(performance.now()));
  const meter = startClientMeter();
  await watch.sleep("measure", plan.measure);
  await watch.during("measure", isClosed ? recorder.endWithTurn(flow.inFlight) : recorder.end(performance.now()));
  const client = meter();
  flow.stop();
  await watch.during("drain", drained({ flow, recorder, silenceMaxMs, limitMs: isClosed ? silenceMaxMs * drainSilencesMax : plan.drain }));
  return client;
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
    return clientBoundOf(client);
  }
  const lagMs = recorder.lag.count > 0 ? recorder.lag.p99Us() / 1000 : 0;
  const lagMaxMs = options.profile.slo.responseP99 / 10;
  return lagMs > lagMaxMs ? `the client sent ${lagMs.toFixed(1)} ms late at p99; at most ${lagMaxMs} ms can be judged` : undefined;
}

function saturatedOf(recorder: Recorder): string | undefined {
  const share = recorder.offered === 0 ? 0 : recorder.late / recorder.offered;
  return share > 0.01 ? `${Math.round(share * 100)} % of the offered operations were not done when the measurement ended` : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Longest silence with operations in flight. A large window of a server that syncs each message is silent for seconds. */
function silenceMaxOf({ plan, profile, arrival, connections }: BlockOptions): number {
  const window = arrival.model === "closed" && profile.load.op === "publish" ? arrival.inFlight * connections : 0;
  return plan.drain + window * syncMaxMs;
}

/**
 * A full window of a slow server takes long to come home: as long as answers arrive, it is waited for, up to a limit. Also resolves at
 * either end: what is then still missing shows in the account.
 */
function drained(options: { flow: Flow; recorder: Recorder; silenceMaxMs: number; limitMs: number }): Promise<void> {
  const { flow, recorder, silenceMaxMs, limitMs } = options;
  const limit = performance.now() + limitMs;
  let seen = recorder.progress;
  let deadline = performance.now() + silenceMaxMs;
  return new Promise((resolve) => {
    const look = () => {
      const now = performance.now();
      if (recorder.progress !== seen) {
        seen = recorder.progress;
        deadline = now + silenceMaxMs;
      }
      if (flow.isDrained || now > Math.min(deadline, limit)) {
        resolve();
        return;
      }
      setTimeout(look, 2);
    };
    look();
  });
}
