/** What the monitoring pages show of a server. The server and JetStream fill it in when a page is asked for. */
import type { BrokerOptions } from "../broker/broker-options.ts";
import type { Traffic } from "../broker/connection-host.ts";
import type { ScrubProgress } from "../store/scrub.ts";

export interface ServerStatus {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly authRequired: boolean;
  readonly broker: BrokerOptions;
  readonly monitor: { readonly host: string; readonly port: number };
  readonly startedNs: bigint;
  readonly nowNs: bigint;
  readonly configLoadedNs: bigint;
  readonly configDigest: string;
  readonly connections: number;
  readonly totalConnections: number;
  readonly subscriptions: number;
  readonly traffic: Traffic;
  readonly machine: MachineStatus;
  /** Requests so far, by path. */
  readonly httpRequests: ReadonlyMap<string, number>;
  readonly jetStream: JetStreamStatus | undefined;
}

export interface MachineStatus {
  readonly cores: number;
  /** Resident bytes of the process. */
  readonly memoryBytes: number;
  /** Percent of one core over the life of the process. */
  readonly cpuPercent: number;
}

/** How the file store is doing; a page of ours. */
export interface StoreStatus {
  readonly commitsInBackground: boolean;
  readonly backlogBytes: number;
  /** undefined when it is off. */
  readonly scrub: ScrubProgress | undefined;
}

export interface JetStreamStatus {
  readonly config: {
    readonly maxMemory: number;
    readonly maxStorage: number;
    readonly storeDirectory: string;
    readonly sync: "always" | { readonly intervalMs: number };
    readonly domain: string | undefined;
    readonly uniqueTag: string | undefined;
    readonly strict: boolean;
  };
  readonly limits: {
    readonly defaultMaxConsumers: number;
    readonly maxAckPending: number | undefined;
    readonly maxRequestBatch: number | undefined;
    readonly duplicateWindowMs: number | undefined;
  };
  readonly memory: number;
  readonly storage: number;
  readonly reservedMemory: number;
  readonly reservedStorage: number;
  readonly api: { readonly total: number; readonly errors: number };
  readonly streams: number;
  readonly consumers: number;
  readonly messages: number;
  readonly bytes: number;
  readonly store?: StoreStatus;
  /** Why JetStream does not serve; undefined when it does. */
  readonly trouble: string | undefined;
  /** Why JetStream serves, but not everything: damage, losses. */
  readonly degraded?: { readonly reason: string; readonly details: readonly string[] } | undefined;
}
