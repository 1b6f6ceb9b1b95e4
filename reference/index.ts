/**
 * The server inside another program: `startServer()` gives a URL, `stop()` ends it. Meant for tests of JetStream applications.
 *
 *     const server = await startServer();
 *     const connection = await connect({ servers: server.url });
 */
import { resolve } from "node:path";
import { DEFAULT_BROKER_OPTIONS } from "./broker/broker-options.ts";
import { durationMs } from "./config/go-duration.ts";
import { DEFAULT_JETSTREAM_OPTIONS, DEFAULT_SERVER_OPTIONS, type JetStreamOptions } from "./config/server-options.ts";
import { systemPorts } from "./io/system-ports.ts";
import { systemSurroundings } from "./io/system-surroundings.ts";
import { createServer, hostPort } from "./server.ts";
import type { ServerLog } from "./server-log.ts";

export type { ServerLog } from "./server-log.ts";

export interface StartOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one; -1 means the same. */
  readonly port?: number;
  /** Opens the monitoring pages there; 0 or -1 = any free port. */
  readonly monitorPort?: number;
  readonly name?: string;
  /** Where streams are kept, in `<storeDir>/jetstream`. Without one they live in a temporary folder that goes with the server. */
  readonly storeDir?: string;
  /** false = no JetStream. Sizes in bytes. */
  readonly jetstream?: false | { readonly maxMemory?: number; readonly maxStorage?: number; readonly domain?: string };
  /** When stored messages are durable: before they are acknowledged (`always`, the default), or that often (`2m`). */
  readonly syncInterval?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly maxPayload?: number;
  /** Gets the server's lines; silent without one. */
  readonly logger?: ServerLog;
}

export interface RunningServer {
  /** `nats://host:port`. */
  readonly url: string;
  readonly port: number;
  /** `http://host:port`, when a monitor port was asked for. */
  readonly monitorUrl: string | undefined;
  stop(): Promise<void>;
  /** Stops without writing anything more, as far as that is possible inside a process. Not a kill -9. */
  kill(): Promise<void>;
}

export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const host = options.host ?? "127.0.0.1";
  const server = await createServer(
    {
      ...DEFAULT_SERVER_OPTIONS,
      host,
      port: freePort(options.port) ?? 0,
      name: options.name,
      broker: { ...DEFAULT_BROKER_OPTIONS, maxPayload: options.maxPayload ?? DEFAULT_BROKER_OPTIONS.maxPayload },
      credentials: credentials(options),
      monitor: options.monitorPort === undefined ? undefined : { host, port: freePort(options.monitorPort) ?? 0 },
      jetstream: options.jetstream === false ? undefined : jetStream(options),
    },
    systemPorts(),
    systemSurroundings(options.logger),
  );
  return {
    url: `nats://${hostPort(server)}`,
    port: server.port,
    monitorUrl: server.monitor === undefined ? undefined : `http://${hostPort(server.monitor)}`,
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}

function freePort(port: number | undefined): number | undefined {
  return port === -1 ? 0 : port;
}

function credentials({ user, password, token }: StartOptions) {
  if (user === undefined && token === undefined) {
    return undefined;
  }
  return { users: user === undefined ? [] : [{ user, password: password ?? "" }], token };
}

function jetStream({ jetstream, storeDir, syncInterval }: StartOptions): JetStreamOptions {
  const limits = jetstream === false ? {} : jetstream;
  return {
    ...DEFAULT_JETSTREAM_OPTIONS,
    storeDirectory: storeDir === undefined ? undefined : resolve(storeDir),
    maxMemory: limits?.maxMemory,
    maxStorage: limits?.maxStorage,
    domain: limits?.domain,
    sync: syncPolicy(syncInterval ?? "always"),
  };
}

function syncPolicy(text: string): JetStreamOptions["sync"] {
  if (text === "always") {
    return text;
  }
  const intervalMs = durationMs(text);
  if (intervalMs === undefined || intervalMs <= 0) {
    throw new RangeError(`syncInterval is "always" or a duration such as "2m"; got ${JSON.stringify(text)}`);
  }
  return { intervalMs };
}
