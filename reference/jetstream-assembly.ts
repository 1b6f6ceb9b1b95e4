/** JetStream in a server: the store opened, its streams taken up, its figures for the monitoring, and its end. */
import type { BrokerAccount } from "./broker/account.ts";
import type { JetStreamOptions } from "./config/server-options.ts";
import { createJetStream, type JetStream } from "./jetstream/index.ts";
import type { JetStreamStatus } from "./monitor/server-status.ts";
import type { Clock, Ports } from "./ports.ts";
import type { ServerLog } from "./server-log.ts";
import { jetStreamLines } from "./startup-lines.ts";
import { FoundDamage } from "./store/found-damage.ts";
import { type OpenedStore, openStore, type StoreOptions } from "./store/open-store.ts";
import { Scrub } from "./store/scrub.ts";
import { StoreHealth } from "./store-health.ts";
import type { TurnLoop } from "./turn.ts";
import { SERVER_VERSION } from "./version.ts";

/** The official default: this share of the machine's memory and of what is free on the disk. */
const SHARE = 0.75;
const NS_PER_MS = 1_000_000;

/** What is not said has the store's own default. */
export type StoreSizes = Pick<StoreOptions, "segmentBytes" | "cacheBytes" | "checkpointSegments" | "pacing">;

export interface JetStreamParts {
  readonly options: JetStreamOptions;
  /** Absolute; holds `jetstream/`. */
  readonly storeDirectory: string;
  readonly machineMemoryBytes: number;
  readonly serverName: string;
  readonly ports: Ports;
  readonly storeSizes: StoreSizes;
  readonly account: BrokerAccount;
  readonly turn: TurnLoop;
  readonly log: ServerLog;
}

export interface AssembledJetStream {
  status(): JetStreamStatus;
  /** Ends subscriptions, timers and waiting pulls. The store stays open for the last commit. */
  close(): void;
  /** The commit that is under way, if there is one, has ended. */
  landing(): Promise<void>;
  closeStore(): Promise<void>;
  abandonStore(): void;
}

export async function assembleJetStream(parts: JetStreamParts): Promise<AssembledJetStream> {
  const { options, ports, account, turn, log } = parts;
  const startedMs = ports.clock.nowMs();
  const directory = `${parts.storeDirectory}/jetstream`;
  log.info("Starting JetStream");
  // The store makes its directory itself, because the new names have to be durable too.
  const opened = await openStore({
    directory,
    disk: ports.disk,
    clock: ports.clock,
    random: ports.random,
    syncPolicy: options.sync,
    reserve: true,
    ...parts.storeSizes,
  });
  const config: JetStreamStatus["config"] = {
    maxMemory: options.maxMemory ?? Math.floor(parts.machineMemoryBytes * SHARE),
    maxStorage: options.maxStorage ?? Math.floor(ports.disk.space(directory).freeBytes * SHARE),
    storeDirectory: directory,
    sync: options.sync,
    domain: options.domain,
    uniqueTag: options.uniqueTag,
    strict: options.strict,
  };
  for (const line of jetStreamLines(config)) {
    log.info(line);
  }
  const { limits } = options;
  let fail = (error: unknown): void => {
    throw error;
  };
  const jetStream = createJetStream({
    account,
    clock: guardedClock(ports.clock, (error) => fail(error)),
    random: ports.random,
    store: opened.store,
    recovered: opened.streams,
    domain: options.domain,
    server: { name: parts.serverName, version: SERVER_VERSION },
    limits: {
      maxMemory: config.maxMemory,
      maxFile: config.maxStorage,
      strict: options.strict,
      maxAckPending: limits.maxAckPending,
      maxRequestBatch: limits.maxRequestBatch,
      maxConsumers: limits.defaultMaxConsumers,
      duplicateWindow: limits.duplicateWindowMs === undefined ? undefined : limits.duplicateWindowMs * NS_PER_MS,
    },
    markReady: (work) => turn.markReady(work),
  });
  turn.commitsTo(opened.store);
  let scrub: Scrub | undefined;
  let trouble: string | undefined;
  let failed = false;

  /** A failed commit or a broken invariant: nothing more is promised, what is on the disk stays as it is, and the rest of the server works on. */
  fail = (error) => {
    if (failed) {
      return;
    }
    failed = true;
    trouble = `JetStream failed and is switched off: ${error instanceof Error ? error.message : String(error)}`;
    log.error(trouble);
    log.debug(error instanceof Error ? (error.stack ?? "") : "");
    turn.storeFailed();
    scrub?.stop();
    jetStream.close();
    opened.store.abandon();
  };
  turn.onFailure = fail;
  account.onServiceFailure = fail;

  tellRecovery(opened, log);
  const health = new StoreHealth(opened, log);
  if (options.scrubIntervalMs > 0) {
    const store = new FoundDamage(opened.store, (damage) => health.found(damage));
    scrub = new Scrub({ store, disk: ports.disk, clock: ports.clock, intervalMs: options.scrubIntervalMs });
  }
  log.info(`Took ${Math.ceil(ports.clock.nowMs() - startedMs)}ms to start JetStream`);
  return {
    // A failed timer of the store is thrown by the next commit only; the health page knows it before.
    status: () => ({
      ...statusOf(jetStream, config, limits),
      trouble: trouble ?? opened.store.failure?.message,
      degraded: health.degradation,
      store: { commitsInBackground: opened.store.commitsInBackground, backlogBytes: opened.store.backlogBytes, scrub: scrub?.progress },
    }),
    close: () => {
      scrub?.stop();
      return failed ? undefined : jetStream.close();
    },
    landing: () => (failed ? Promise.resolve() : opened.store.landing()),
    closeStore: () => (failed ? Promise.resolve() : opened.store.close()),
    abandonStore: () => (failed ? undefined : opened.store.abandon()),
  };
}

/** Timers of JetStream step its machines as clients do, and fail as their messages do. */
function guardedClock(clock: Clock, fail: (error: unknown) => void): Clock {
  return {
    nowNs: () => clock.nowNs(),
    nowMs: () => clock.nowMs(),
    setTimer: (delayMs, run) =>
      clock.setTimer(delayMs, () => {
        try {
          run();
        } catch (error) {
          fail(error);
        }
      }),
  };
}

function tellRecovery({ streams, report }: OpenedStore, log: ServerLog): void {
  for (const { definition, stream, assets } of streams) {
    const name = `${definition.account} > ${definition.name}`;
    log.info(`  Starting restore for stream '${name}'`);
    log.info(`  Restored ${stream.messages.state.messages.toLocaleString("en-US")} messages for stream '${name}'`);
    if (assets.length > 0) {
      log.info(`  Recovering ${assets.length} consumers for stream - '${name}'`);
    }
  }
  if (report.cutBytes > 0) {
    log.info(`  Cut ${report.cutBytes} bytes behind the last complete commit`);
  }
}

function statusOf(
  jetStream: JetStream,
  config: JetStreamStatus["config"],
  limits: JetStreamOptions["limits"],
): Omit<JetStreamStatus, "trouble" | "degraded" | "store"> {
  const { memory, storage, reserved_memory, reserved_storage, ...rest } = jetStream.status();
  return { config, limits, memory, storage, reservedMemory: reserved_memory, reservedStorage: reserved_storage, ...rest };
}
