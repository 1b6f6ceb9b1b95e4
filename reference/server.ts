/**
 * The server: options and ports in, a running server out. Everything it does to the world goes through ports and surroundings, so that it
 * runs on a real machine, inside a test and on a simulated one alike.
 */
import { createAuthenticator, type SecretComparison } from "./auth/authenticator.ts";
import { Broker } from "./broker/broker.ts";
import type { ServerOptions } from "./config/server-options.ts";
import { type AssembledJetStream, assembleJetStream, type StoreSizes } from "./jetstream-assembly.ts";
import { MonitorPages, type PageReply } from "./monitor/pages.ts";
import type { MachineStatus } from "./monitor/server-status.ts";
import { serveSystemRequests } from "./monitor/system-requests.ts";
import type { Listener, Ports } from "./ports.ts";
import { newServerId } from "./server-identity.ts";
import { type ServerLog, silentLog } from "./server-log.ts";
import { identityLines } from "./startup-lines.ts";
import { TurnLoop } from "./turn.ts";
import { API_LEVEL, RUNTIME, SERVER_VERSION } from "./version.ts";

/** What a server needs of its machine besides the ports. */
export interface Surroundings {
  readonly log?: ServerLog;
  readonly sameSecret: SecretComparison;
  readonly machineMemoryBytes: number;
  machineStatus(): MachineStatus;
  listenHttp(address: { host: string; port: number }, handle: (path: string, query: URLSearchParams) => PageReply): Promise<Listener>;
  /** For a server whose store has no place: made when asked for, removed when the server stops. */
  temporaryDirectory(): { readonly path: string; remove(): void };
  /** How finely the store cuts its log; simulations make it small, so that every path of the store is taken in seconds. */
  readonly storeSizes?: StoreSizes;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly monitor: { readonly host: string; readonly port: number } | undefined;
  readonly storeDirectory: string | undefined;
  /** Refuses new connections, ends the old ones, makes everything durable and closes the store. */
  stop(): Promise<void>;
  /** Ends without another write, as a crash would. */
  kill(): Promise<void>;
}

/** What has to be undone, in the order it was made. */
interface Running {
  listener?: Listener;
  monitor?: Listener;
  jetStream?: AssembledJetStream;
  temporary?: { remove(): void };
}

export async function createServer(options: ServerOptions, ports: Ports, surroundings: Surroundings): Promise<Server> {
  const running: Running = {};
  try {
    return await start(options, ports, surroundings, running);
  } catch (error) {
    await dismantle(running, "abandon");
    throw error;
  }
}

async function start(options: ServerOptions, ports: Ports, surroundings: Surroundings, running: Running): Promise<Server> {
  const log = surroundings.log ?? silentLog;
  const id = newServerId(ports.random);
  const name = options.name ?? id;
  const startedNs = ports.clock.nowNs();
  const turn = new TurnLoop(ports.turns);
  const authenticator = createAuthenticator(options.credentials, surroundings.sameSecret);
  const address = { host: options.host, port: options.port };
  const monitorAddress = { host: options.monitor?.host ?? options.host, port: options.monitor?.port ?? 0 };
  for (const line of identityLines({ id, name, jetStream: options.jetstream !== undefined })) {
    log.info(line);
  }

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
      host: address.host,
      port: address.port,
      headers: options.broker.headers,
      ...(authenticator.required ? { auth_required: true } : {}),
      max_payload: options.broker.maxPayload,
      ...(options.jetstream === undefined ? {} : { jetstream: true }),
      client_id: connection.id,
      client_ip: connection.host,
      ...(options.jetstream?.domain === undefined ? {} : { domain: options.jetstream.domain }),
      ...(afterFirstPing ? { connect_info: true, remote_account: broker.account.name } : {}),
      api_lvl: API_LEVEL,
    }),
  });

  const pages = new MonitorPages((httpRequests) => ({
    id,
    name,
    host: address.host,
    port: address.port,
    authRequired: authenticator.required,
    broker: options.broker,
    monitor: monitorAddress,
    startedNs,
    nowNs: ports.clock.nowNs(),
    configLoadedNs: startedNs,
    configDigest: options.configDigest,
    connections: broker.connections.size,
    totalConnections: broker.totalConnections,
    subscriptions: broker.account.index.size,
    traffic: broker.traffic,
    machine: surroundings.machineStatus(),
    httpRequests,
    jetStream: running.jetStream?.status(),
  }));
  if (options.monitor !== undefined) {
    running.monitor = await surroundings.listenHttp(monitorAddress, (path, query) => pages.reply(path, query));
    monitorAddress.port = running.monitor.port;
    log.info(`Starting http monitor on ${hostPort(monitorAddress)}`);
  }

  serveSystemRequests(
    broker,
    { id, name, host: options.host, jetStream: options.jetstream !== undefined, domain: options.jetstream?.domain },
    ports.clock,
  );
  let storeDirectory: string | undefined;
  if (options.jetstream !== undefined) {
    const temporary = options.jetstream.storeDirectory === undefined ? surroundings.temporaryDirectory() : undefined;
    storeDirectory = options.jetstream.storeDirectory ?? temporary?.path ?? "";
    if (temporary !== undefined) {
      running.temporary = temporary;
    }
    running.jetStream = await assembleJetStream({
      options: options.jetstream,
      storeDirectory,
      machineMemoryBytes: surroundings.machineMemoryBytes,
      serverName: name,
      ports,
      storeSizes: surroundings.storeSizes ?? {},
      account: broker.account,
      turn,
      log,
    });
  }

  running.listener = await ports.net.listen(address, (socket) => broker.accept(socket));
  address.port = running.listener.port;
  log.info(`Listening for client connections on ${hostPort(address)}`);
  log.info("Server is ready");

  return {
    id,
    name,
    host: address.host,
    port: address.port,
    monitor: options.monitor === undefined ? undefined : monitorAddress,
    storeDirectory,
    async stop(): Promise<void> {
      log.info("Initiating Shutdown...");
      running.jetStream?.close();
      broker.closeAll("Server Shutdown");
      // What was taken in is committed and answered: a commit that is under way, then the one that was collected meanwhile.
      turn.end();
      await running.jetStream?.landing();
      turn.end();
      await running.jetStream?.landing();
      turn.stop();
      await dismantle(running, "close");
      log.info("Server Exiting..");
    },
    async kill(): Promise<void> {
      turn.stop();
      running.jetStream?.close();
      broker.dropAll("Server Shutdown");
      await dismantle(running, "abandon");
    },
  };
}

/** Each part once, however often it is asked for. */
async function dismantle(running: Running, store: "close" | "abandon"): Promise<void> {
  const { listener, monitor, jetStream, temporary } = running;
  delete running.listener;
  delete running.monitor;
  delete running.jetStream;
  delete running.temporary;
  await listener?.close();
  await monitor?.close();
  if (store === "close") {
    await jetStream?.closeStore();
  } else {
    jetStream?.abandonStore();
  }
  temporary?.remove();
}

/** IPv6 hosts stand in brackets. */
export function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
