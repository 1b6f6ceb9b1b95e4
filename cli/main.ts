/**
 * The command line: parses, runs one command, and turns what happened into an exit code. Ctrl-C asks the run to stop, so that partial
 * results are written and nothing stays behind; a second one ends it at once, after the processes and mounts are gone.
 */
import { Command, CommanderError } from "commander";
import { classifyError, disposeAll, toolVersion } from "../api/index.ts";
import { certifyCommand } from "./commands/certify.ts";
import { crashCommand } from "./commands/crash.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { listCommand } from "./commands/list.ts";
import { loadCommand } from "./commands/load.ts";
import { reportCommand } from "./commands/report.ts";
import { serveCommand } from "./commands/serve.ts";
import type { Session } from "./commands/session.ts";
import { storeCommand } from "./commands/store.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export function buildProgram(session: Session): Command {
  const program = new Command("streamproof")
    .description("Proves JetStream servers: certify, crash and load any implementation.")
    .version(toolVersion, "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .enablePositionalOptions()
    .showHelpAfterError("(`streamproof help COMMAND` shows its options)")
    .exitOverride()
    .configureOutput({ writeOut: session.terminal.out, writeErr: session.terminal.err });
  for (const command of [
    certifyCommand,
    crashCommand,
    loadCommand,
    serveCommand,
    storeCommand,
    reportCommand,
    listCommand,
    explainCommand,
    doctorCommand,
  ]) {
    program.addCommand(command(session).exitOverride().configureOutput({ writeOut: session.terminal.out, writeErr: session.terminal.err }));
  }
  return program;
}

export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const stop = new AbortController();
  const session: Session = { terminal, signal: stop.signal, argv, exitCode: exitCodes.ok };
  const forget = stopOnSignals(stop, terminal);
  try {
    await buildProgram(session).parseAsync([...argv], { from: "user" });
    return stop.signal.aborted ? exitCodes.interrupted : session.exitCode;
  } catch (error) {
    return stop.signal.aborted ? exitCodes.interrupted : report(error, terminal);
  } finally {
    await disposeAll();
    forget();
  }
}

function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed its message already.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  const kind = classifyError(error);
  const message = error instanceof Error ? (kind === "internal" ? (error.stack ?? error.message) : error.message) : String(error);
  terminal.err(`${terminal.colors.red("error")} ${message}\n`);
  if (kind === "internal") {
    terminal.err("This is a fault of streamproof itself. Please report it with the command you typed.\n");
  }
  return kind === "usage" ? exitCodes.usage : exitCodes.environment;
}

function stopOnSignals(stop: AbortController, terminal: Terminal): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      terminal.err(`\n${signal}: stopping; partial results are written. Once more to end at once.\n`);
      stop.abort(new Error(`interrupted by ${signal}`));
      return;
    }
    void disposeAll().finally(() => process.exit(exitCodes.interrupted));
  };
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  return () => {
    for (const signal of signals) {
      process.removeListener(signal, onSignal);
    }
  };
}

// Started by the command's door (bin/streamproof.js), imported by tests.
if (process.env["VITEST"] === undefined) {
  process.exitCode = await run(process.argv.slice(2), processTerminal());
}
