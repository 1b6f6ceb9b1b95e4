/**
 * The server: options and ports in, a running server out. Everything it does to the world goes through the ports, so that it runs on a
 * real machine, inside a test and on a simulated one alike.
 */
import { createAuthenticator, type SecretComparison } from "./auth/authenticator.ts";
import { Broker } from "./broker/broker.ts";
import type { ServerOptions } from "./config/server-options.ts";
import type { Listener, Ports } from "./ports.ts";
import { newServerId } from "./server-identity.ts";
import { type ServerLog, silentLog } from "./server-log.ts";
import { TurnLoop } from "./turn.ts";
import { API_LEVEL, RUNTIME, SERVER_VERSION } from "./version.ts";

export interface ServerSurroundings {
  readonly log?: ServerLog;
  readonly sameSecret: SecretComparison;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Refuses new connections, ends the old ones, makes everything durable and closes the store. */
  stop(): Promise<void>;
  /** As a crash would end it: nothing more is written. */
  kill(): Promise<void>;
}

export async function createServer(options: ServerOptions, ports: Ports, surroundings: ServerSurroundings): Promise<Server> {
  const log = surroundings.log ?? silentLog;
  const id = newServerId(ports.random);
  const name = options.name ?? id;
  const turn = new TurnLoop(ports.turns);
  const authenticator = createAuthenticator(options.credentials, surroundings.sameSecret);
  let port = options.port;
  const broker = new Broker({
    options: options.broker,
    clock: ports.clock,
    random: ports.random,
    log,
    turn,
    authenticator,
    info: (connection, afterFirstPing) => ({
      server_id: id,
      server_name: name,
      version: SERVER_VERSION,
      proto: 1,
      go: RUNTIME,
      host: options.host,
      port,
      headers: options.broker.headers,
      ...(authenticator.required ? { auth_required: true } : {}),
      max_payload: options.broker.maxPayload,
      client_id: connection.id,
      client_ip: connection.host,
      ...(afterFirstPing ? { connect_info: true, remote_account: broker.account.name } : {}),
      api_lvl: API_LEVEL,
    }),
  });

  const listener: Listener = await ports.net.listen({ host: options.host, port: options.port }, (socket) => broker.accept(socket));
  port = listener.port;
  log.info(`Listening for client connections on ${options.host}:${port}`);
  log.info("Server is ready");

  async function end(): Promise<void> {
    broker.closeAll("Server Shutdown");
    turn.end();
    await listener.close();
  }

  return { id, name, host: options.host, port, stop: end, kill: end };
}
