/** What a connection needs from the server around it. */
import type { Clock } from "../ports.ts";
import type { InputSource } from "../turn-input.ts";
import type { BrokerAccount } from "./account.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { ConnectOptions } from "./connect-options.ts";
import type { OutputPool } from "./output-pool.ts";

/** Why a connection ended, in the official server's words. */
export type CloseReason =
  | "Client Closed"
  | "Authentication Timeout"
  | "Authentication Failure"
  | "Slow Consumer (Pending Bytes)"
  | "Slow Consumer (Write Deadline)"
  | "Read Error"
  | "Parse Error"
  | "Stale Connection"
  | "Protocol Violation"
  | "Bad Client Protocol Version"
  | "Maximum Connections Exceeded"
  | "Maximum Message Payload Exceeded"
  | "Maximum Control Line Exceeded"
  | "No Responders Requires Headers"
  | "Server Shutdown";

export interface ConnectionHost {
  readonly options: BrokerOptions;
  readonly clock: Clock;
  readonly account: BrokerAccount;
  readonly pool: OutputPool;
  readonly traffic: Traffic;
  readonly log: ConnectionLog;
  /** The server asks for credentials. */
  readonly authRequired: boolean;
  /** The user's name, "" when the server asks for none; undefined refuses. */
  authenticate(options: ConnectOptions): string | undefined;
  /** The INFO line for this connection. */
  infoLine(connection: InfoSubject, afterFirstPing: boolean): Buffer;
  /** Bytes arrived and were stepped: the turn has to end. */
  stepped(bytes: number, source: InputSource): void;
  /** One message was stepped. */
  messageStepped(): void;
  outputWaits(connection: FlushedConnection): void;
  markReady(work: { step(): void }): void;
  closed(connection: FlushedConnection, reason: CloseReason): void;
}

export interface InfoSubject {
  readonly id: number;
  readonly host: string;
}

export interface FlushedConnection {
  readonly id: number;
  flush(durableEpoch: number): void;
  /** Output waits for an epoch to become durable. */
  readonly isHeld: boolean;
  /** Ends without another byte. */
  drop(reason: CloseReason): void;
}

/** Server-wide counters. */
export interface Traffic {
  inMessages: number;
  inBytes: number;
  outMessages: number;
  outBytes: number;
  slowConsumers: number;
  staleConnections: number;
}

export interface ConnectionLog {
  readonly debugging: boolean;
  readonly tracing: boolean;
  debug(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  trace(text: string): void;
}
