/**
 * The server as a process: command line and environment in, signals and exit code out. The only file of the server that touches `process`.
 * Exit codes and texts are nats-server 2.15.2's.
 */
import { resolve } from "node:path";
import process from "node:process";
import { ConfigError } from "./config/config-error.ts";
import { type Flags, readCommandLine } from "./config/flags.ts";
import { readSettings, type Settings } from "./config/settings.ts";
import { USAGE } from "./config/usage.ts";
import { logWriter } from "./io/log-writer.ts";
import { writePidFile, writePortsFile } from "./io/process-files.ts";
import { systemPorts } from "./io/system-ports.ts";
import { systemSurroundings } from "./io/system-surroundings.ts";
import { createServer, type Server } from "./server.ts";
import type { ServerLog } from "./server-log.ts";
import { StoreError } from "./store/store-error.ts";
import { SERVER_VERSION } from "./version.ts";

/** Test suites look for files named after this executable. */
const EXECUTABLE = "nats-server";

await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<void> {
  const commandLine = readCommandLine(words);
  switch (commandLine.kind) {
    case "version":
      process.stdout.write(`${EXECUTABLE}: v${SERVER_VERSION}\n`);
      return;
    case "help":
      process.stdout.write(USAGE);
      return;
    case "misused":
      // Go's usage hook ends the program with 0.
      process.stderr.write(`${commandLine.text}\n`);
      process.stdout.write(USAGE);
      return;
    case "refused":
      refuse(commandLine.text);
      return;
    case "run":
      await run(commandLine.flags);
      return;
  }
}

function refuse(text: string): void {
  process.stderr.write(`${EXECUTABLE}: ${text}\n`);
  process.exitCode = 1;
}

async function run(flags: Flags): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(flags, process.env);
  } catch (error) {
    refuse(error instanceof ConfigError ? error.message : systemText(error));
    return;
  }
  if (flags.checkOnly === true) {
    check(settings);
    return;
  }
  for (const warning of settings.warnings) {
    process.stderr.write(`${EXECUTABLE}: ${warning}\n`);
  }
  await serve(settings);
}

/** `-t`: warnings fail it too. */
function check({ configFile, warnings }: Settings): void {
  if (configFile === undefined) {
    refuse("must specify [-c, --config] option to check configuration file syntax");
  } else if (warnings.length > 0) {
    refuse(warnings.join("\n"));
  } else {
    process.stderr.write(`${EXECUTABLE}: configuration file ${configFile.path} is valid (${configFile.digest})\n`);
  }
}

async function serve(settings: Settings): Promise<void> {
  const log = openLog(settings);
  if (log === undefined) {
    return;
  }
  const { server: options, configFile } = settings;
  if (options.credentials !== undefined && configFile !== undefined) {
    log.warn("Plaintext passwords detected, use nkeys or bcrypt");
  }
  if (configFile !== undefined) {
    log.info(`Using configuration file: ${configFile.path} (${configFile.digest})`);
  }
  let server: Server;
  try {
    server = await createServer(withAbsoluteStore(options), systemPorts(), systemSurroundings(log));
  } catch (error) {
    log.fatal(startText(error, options));
    process.exitCode = 1;
    return;
  }
  const removeFiles = writeFiles(settings, server, log);
  endOnSignal("SIGINT", "interrupt");
  endOnSignal("SIGTERM", "terminated");

  function endOnSignal(signal: "SIGINT" | "SIGTERM", name: string): void {
    process.once(signal, () => {
      log?.info(`Trapped "${name}" signal`);
      void server.stop().then(
        () => {
          removeFiles();
          process.exit(0);
        },
        (error: unknown) => {
          log?.fatal(`Could not stop cleanly: ${systemText(error)}`);
          process.exit(1);
        },
      );
    });
  }
}

function openLog({ process: options }: Settings): ServerLog | undefined {
  try {
    return logWriter({
      pid: process.pid,
      debug: options.debug,
      trace: options.trace,
      time: options.logTime,
      utc: options.logTimeUtc,
      file: options.logFile,
      colours: process.stderr.isTTY,
    });
  } catch (error) {
    refuse(`error opening logfile ${systemText(error)}`);
    return undefined;
  }
}

function withAbsoluteStore(options: Settings["server"]): Settings["server"] {
  const { jetstream } = options;
  if (jetstream?.storeDirectory === undefined) {
    return options;
  }
  return { ...options, jetstream: { ...jetstream, storeDirectory: resolve(jetstream.storeDirectory) } };
}

/** Returns what has to be removed at the end. */
function writeFiles({ process: options }: Settings, server: Server, log: ServerLog): () => void {
  let removePorts = (): void => undefined;
  try {
    if (options.pidFile !== undefined) {
      writePidFile(options.pidFile, process.pid);
    }
    if (options.portsFileDirectory !== undefined) {
      removePorts = writePortsFile({
        directory: options.portsFileDirectory,
        executable: EXECUTABLE,
        pid: process.pid,
        client: server,
        monitor: server.monitor,
      });
    }
  } catch (error) {
    log.error(`Could not write the pid or ports file: ${systemText(error)}`);
  }
  return () => removePorts();
}

function startText(error: unknown, { host, port, monitor }: Settings["server"]): string {
  if (error instanceof StoreError) {
    return `Can't start JetStream: ${error.message}`;
  }
  if (error instanceof Error && "syscall" in error && error.syscall === "listen") {
    const at = "port" in error && monitor !== undefined && error.port === monitor.port ? monitor : { host, port };
    return `Error listening on port: ${at.host}:${at.port}, ${JSON.stringify(error.message)}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function systemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
