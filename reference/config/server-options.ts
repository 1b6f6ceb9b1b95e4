/** Everything that can be set on a server, after flags and configuration file were read. Sizes in bytes, times in milliseconds. */
import type { Credentials } from "../auth/authenticator.ts";
import { type BrokerOptions, DEFAULT_BROKER_OPTIONS } from "../broker/broker-options.ts";

export interface JetStreamOptions {
  /** The folder that holds `jetstream/`; undefined = a temporary one. */
  readonly storeDirectory: string | undefined;
  /** undefined = 75 % of the machine's memory. */
  readonly maxMemory: number | undefined;
  /** undefined = 75 % of what is free on the disk. */
  readonly maxStorage: number | undefined;
  /** When stored messages reach the disk: before anything shows them, or that often. */
  readonly sync: "always" | { readonly intervalMs: number };
  /** How often everything stored is read again and checked; 0 = never. */
  readonly scrubIntervalMs: number;
  readonly domain: string | undefined;
  /** Requests with unknown fields are refused. */
  readonly strict: boolean;
  readonly uniqueTag: string | undefined;
  readonly maxOutstandingCatchup: number | undefined;
  readonly limits: JetStreamServerLimits;
}

export interface JetStreamServerLimits {
  readonly maxAckPending: number | undefined;
  readonly maxRequestBatch: number | undefined;
  readonly defaultMaxConsumers: number;
  /** How long message ids may be kept at most. */
  readonly duplicateWindowMs: number | undefined;
}

export interface HttpOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** undefined = the server's id. */
  readonly name: string | undefined;
  readonly broker: BrokerOptions;
  readonly credentials: Credentials | undefined;
  readonly monitor: HttpOptions | undefined;
  readonly jetstream: JetStreamOptions | undefined;
  /** What /varz shows of the configuration file. */
  readonly configDigest: string;
}

export const DEFAULT_JETSTREAM_OPTIONS: JetStreamOptions = {
  storeDirectory: undefined,
  maxMemory: undefined,
  maxStorage: undefined,
  sync: "always",
  scrubIntervalMs: 24 * 60 * 60 * 1000,
  domain: undefined,
  strict: true,
  uniqueTag: undefined,
  maxOutstandingCatchup: undefined,
  limits: { maxAckPending: undefined, maxRequestBatch: undefined, defaultMaxConsumers: 1000, duplicateWindowMs: undefined },
};

export const DEFAULT_SERVER_OPTIONS: ServerOptions = {
  host: "0.0.0.0",
  port: 4222,
  name: undefined,
  broker: DEFAULT_BROKER_OPTIONS,
  credentials: undefined,
  monitor: undefined,
  jetstream: undefined,
  configDigest: "",
};
