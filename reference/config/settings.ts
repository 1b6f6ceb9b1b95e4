/** Flags over file over defaults: the settings of one server process. */
import type { Credentials } from "../auth/authenticator.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigFile, loadConfigFile } from "./config-file.ts";
import type { Flags } from "./flags.ts";
import { type FileOptions, readFileOptions } from "./options-section.ts";
import { DEFAULT_PROCESS_OPTIONS, type ProcessOptions } from "./process-options.ts";
import { DEFAULT_JETSTREAM_OPTIONS, DEFAULT_SERVER_OPTIONS, type JetStreamOptions, type ServerOptions } from "./server-options.ts";

export interface Settings {
  readonly server: ServerOptions;
  readonly process: ProcessOptions;
  readonly configFile: { readonly path: string; readonly digest: string } | undefined;
  readonly warnings: readonly string[];
}

/** Throws a `ConfigError`, or the system's error when the file can't be read. */
export function readSettings(flags: Flags, environment: Readonly<Record<string, string | undefined>>): Settings {
  const path = flags.configFile;
  const loaded = path === undefined ? undefined : loadConfigFile(path, environment);
  const file = loaded === undefined ? undefined : readFileOptions(loaded.map);
  const server = serverOptions(flags, file, loaded);
  if (server.broker.maxPayload > server.broker.maxPending) {
    throw new ConfigError(`max_payload (${server.broker.maxPayload}) cannot be higher than max_pending (${server.broker.maxPending})`);
  }
  if (server.name !== undefined && /\s/.test(server.name)) {
    throw new ConfigError("server name cannot contain spaces");
  }
  return {
    server,
    process: processOptions(flags, file),
    configFile: path === undefined || loaded === undefined ? undefined : { path, digest: loaded.digest },
    warnings: [...(loaded?.map.value.size === 0 ? [`${path}: config has no values or is empty`] : []), ...(file?.warnings ?? [])],
  };
}

function serverOptions(flags: Flags, file: FileOptions | undefined, loaded: ConfigFile | undefined): ServerOptions {
  const host = flags.host ?? file?.host ?? DEFAULT_SERVER_OPTIONS.host;
  const httpPort = freePort(flags.httpPort === 0 ? undefined : flags.httpPort) ?? file?.monitorPort;
  return {
    host,
    port: freePort(flags.port) ?? file?.port ?? DEFAULT_SERVER_OPTIONS.port,
    name: flags.name ?? file?.name,
    broker: { ...DEFAULT_SERVER_OPTIONS.broker, ...file?.broker },
    credentials: credentialsOf(flags) ?? file?.credentials,
    monitor: httpPort === undefined ? undefined : { host: file?.monitorHost ?? host, port: httpPort },
    jetstream: jetStreamOptions(flags, file),
    configDigest: loaded?.digest ?? "",
  };
}

/** -1 and 0 ask for any free port. */
function freePort(port: number | undefined): number | undefined {
  if (port !== undefined && (port < -1 || port > 65_535)) {
    throw new ConfigError(`port ${port} is not between -1 and 65535`);
  }
  return port === -1 ? 0 : port;
}

function credentialsOf({ user, password, token }: Flags): Credentials | undefined {
  if (token !== undefined && user !== undefined) {
    throw new ConfigError("--auth and --user exclude each other");
  }
  if (token !== undefined) {
    return { users: [], token };
  }
  return user === undefined ? undefined : { users: [{ user, password: password ?? "" }], token: undefined };
}

function jetStreamOptions(flags: Flags, file: FileOptions | undefined): JetStreamOptions | undefined {
  if (flags.jetstream === false) {
    return undefined;
  }
  const options = file?.jetstream ?? (flags.jetstream === true ? DEFAULT_JETSTREAM_OPTIONS : undefined);
  const storeDirectory = flags.storeDirectory ?? options?.storeDirectory ?? file?.storeDirectory;
  return options === undefined ? undefined : { ...options, storeDirectory };
}

function processOptions(flags: Flags, file: FileOptions | undefined): ProcessOptions {
  const base = { ...DEFAULT_PROCESS_OPTIONS, ...file?.process };
  return {
    debug: flags.debugAndTrace ?? flags.debug ?? base.debug,
    trace: flags.debugAndTrace ?? flags.trace ?? base.trace,
    logTime: flags.logTime ?? base.logTime,
    logTimeUtc: flags.logTimeUtc ?? base.logTimeUtc,
    logFile: flags.logFile ?? base.logFile,
    pidFile: flags.pidFile ?? base.pidFile,
    portsFileDirectory: flags.portsFileDirectory ?? base.portsFileDirectory,
  };
}
