/** JetStream for one account: what the server starts, shows in its monitoring, and closes. */
import type { Account } from "../broker/service.ts";
import type { Clock, Random } from "../ports.ts";
import type { RecoveredStream, Store } from "../store/stream-store.ts";
import { JetStreamAccount } from "./account.ts";
import { serveApi } from "./api/dispatch.ts";
import { endpoints } from "./api/table.ts";
import { printJson } from "./json/print.ts";
import { formatTime } from "./json/time.ts";
import type { JetStreamContext, TurnWork } from "./seams.ts";
import { recoverStreams } from "./stream-recovery.ts";
import { uniqueId } from "./unique-id.ts";

export interface JetStreamOptions {
  readonly account: Account;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** What opening the store found for this account. */
  readonly recovered: readonly RecoveredStream[];
  readonly domain: string | undefined;
  readonly server: { readonly name: string; readonly version: string };
  readonly limits: JetStreamLimits;
  /** Runs `work.step()` once before this turn commits; marking twice is one step. */
  readonly markReady: (work: TurnWork) => void;
}

export interface JetStreamLimits {
  /** Bytes; undefined = no limit. */
  readonly maxMemory?: number | undefined;
  readonly maxFile?: number | undefined;
  /** `jetstream { strict }`, default true. */
  readonly strict?: boolean | undefined;
  /** `jetstream { limits {} }`; undefined = none. */
  readonly maxAckPending?: number | undefined;
  readonly maxRequestBatch?: number | undefined;
  /** Consumers of a stream that sets no number itself; -1 = any number. */
  readonly maxConsumers?: number | undefined;
  /** Nanoseconds. */
  readonly duplicateWindow?: number | undefined;
}

export interface JetStreamStatus {
  /** Bytes in use and promised by `max_bytes`. */
  readonly memory: number;
  readonly storage: number;
  readonly reserved_memory: number;
  readonly reserved_storage: number;
  readonly streams: number;
  readonly consumers: number;
  readonly messages: number;
  readonly bytes: number;
  readonly api: { readonly level: number; readonly total: number; readonly errors: number };
}

export interface JetStream {
  readonly account: JetStreamAccount;
  /** Figures for /jsz and /varz, with the names they have there. */
  status(): JetStreamStatus;
  /** Ends subscriptions, timers and waiting pulls; the store is left to its owner. */
  close(): void;
}

export function createJetStream(options: JetStreamOptions): JetStream {
  const { limits } = options;
  const account = new JetStreamAccount({
    context: contextOf(options),
    limits: {
      maxMemory: limits.maxMemory ?? Number.POSITIVE_INFINITY,
      maxFile: limits.maxFile ?? Number.POSITIVE_INFINITY,
      strict: limits.strict ?? true,
      duplicateWindowMax: limits.duplicateWindow ?? 0,
    },
    server: options.server,
  });
  recoverStreams(account, options.recovered);
  const stopApi = serveApi(account, endpoints);
  return {
    account,
    status: () => account.status(),
    close: () => {
      stopApi();
      account.close();
    },
  };
}

function contextOf({ account, clock, random, store, domain, limits, markReady }: JetStreamOptions): JetStreamContext {
  return {
    account,
    clock,
    random,
    store,
    domain,
    limits: { maxAckPending: limits.maxAckPending, maxRequestBatch: limits.maxRequestBatch, maxConsumers: limits.maxConsumers },
    markReady,
    advise(suffix, type, fields) {
      const subject = `$JS.EVENT.ADVISORY.${suffix}`;
      if (account.hasInterest(subject)) {
        const event = { type, id: uniqueId(random), timestamp: formatTime(clock.nowNs()), ...fields };
        account.publish({ subject, payload: Buffer.from(printJson(event)), epoch: store.epoch });
      }
    },
  };
}
