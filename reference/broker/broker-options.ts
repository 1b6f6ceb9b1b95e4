/** The limits of client connections. Sizes in bytes, times in milliseconds; defaults as nats-server 2.15.2. */
export interface BrokerOptions {
  readonly maxConnections: number;
  /** Per connection; 0 = no limit. */
  readonly maxSubscriptions: number;
  readonly maxControlLine: number;
  readonly maxPayload: number;
  readonly maxPending: number;
  readonly pingIntervalMs: number;
  readonly pingMax: number;
  readonly writeDeadlineMs: number;
  readonly authTimeoutMs: number;
  readonly headers: boolean;
}

export const DEFAULT_BROKER_OPTIONS: BrokerOptions = {
  maxConnections: 65_536,
  maxSubscriptions: 0,
  maxControlLine: 4096,
  maxPayload: 1024 * 1024,
  maxPending: 64 * 1024 * 1024,
  pingIntervalMs: 120_000,
  pingMax: 2,
  writeDeadlineMs: 10_000,
  authTimeoutMs: 2000,
  headers: true,
};
