/** All client connections of a server and the accounts they speak in: accepts, greets, counts, and ends them. */
import type { Clock, Random, Socket } from "../ports.ts";
import type { InputSource } from "../turn-input.ts";
import { BrokerAccount } from "./account.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { Connection } from "./connection.ts";
import type { CloseReason, ConnectionHost, ConnectionLog, FlushedConnection, Traffic } from "./connection-host.ts";
import { OutputPool } from "./output-pool.ts";
import { protocolErrors } from "./protocol-errors.ts";

export interface BrokerParts {
  readonly options: BrokerOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ConnectionLog;
  readonly turn: {
    stepped(bytes: number, source: InputSource): void;
    messageStepped(): void;
    outputWaits(connection: FlushedConnection): void;
    markReady(work: { step(): void }): void;
  };
  readonly authenticator: Authenticator;
  /** The fields of INFO that are the same for every connection, in wire order around `client_id`, `client_ip`. */
  info(connection: { id: number; host: string }, afterFirstPing: boolean): Record<string, unknown>;
}

export interface Authenticator {
  readonly required: boolean;
  /** The user's name, "" when no credentials are asked for; undefined refuses. */
  authenticate(options: ConnectOptions): string | undefined;
}

export class Broker {
  /** Where clients live unless they say otherwise, and JetStream with them. */
  readonly account: BrokerAccount;
  readonly traffic: Traffic = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0, slowConsumers: 0, staleConnections: 0 };
  totalConnections = 0;

  readonly #parts: BrokerParts;
  readonly #connections = new Map<number, Connection>();
  readonly #host: ConnectionHost;
  #lastId = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.account = new BrokerAccount("$G", parts.random);
    this.#host = {
      options: parts.options,
      clock: parts.clock,
      account: this.account,
      pool: new OutputPool(),
      traffic: this.traffic,
      log: parts.log,
      authRequired: parts.authenticator.required,
      authenticate: (options) => parts.authenticator.authenticate(options),
      infoLine: (connection, afterFirstPing) => Buffer.from(`INFO ${JSON.stringify(parts.info(connection, afterFirstPing))} \r\n`),
      stepped: (bytes, source) => parts.turn.stepped(bytes, source),
      messageStepped: () => parts.turn.messageStepped(),
      markReady: (work) => parts.turn.markReady(work),
      outputWaits: (connection) => parts.turn.outputWaits(connection),
      closed: (connection, reason) => this.#closed(connection, reason),
    };
  }

  get connections(): ReadonlyMap<number, Connection> {
    return this.#connections;
  }

  accept(socket: Socket): void {
    this.#lastId++;
    this.totalConnections++;
    const connection = new Connection(this.#host, socket, this.#lastId);
    socket.handler = connection;
    if (this.#connections.size >= this.#parts.options.maxConnections) {
      this.#connections.set(connection.id, connection);
      connection.refuse(protocolErrors.maximumConnections, "Maximum Connections Exceeded");
      return;
    }
    this.#connections.set(connection.id, connection);
    connection.open();
  }

  /** Sends what may leave, then ends every connection. */
  closeAll(reason: CloseReason): void {
    for (const connection of this.#connections.values()) {
      connection.close(reason);
    }
  }

  /** Ends every connection without another byte. */
  dropAll(reason: CloseReason): void {
    for (const connection of this.#connections.values()) {
      connection.drop(reason);
    }
  }

  #closed(connection: FlushedConnection, _reason: CloseReason): void {
    this.#connections.delete(connection.id);
  }
}
