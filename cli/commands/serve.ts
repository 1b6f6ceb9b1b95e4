/** `streamproof serve`: the reference server, with nats-server's flags. */
import { Command } from "commander";
import { serverCommand } from "../../api/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "./program.ts";
import type { Session } from "./session.ts";

export function serveCommand(session: Session): Command {
  return new Command("serve")
    .summary("run the reference server")
    .description(
      "Runs the reference JetStream server. Everything after `serve` is passed on: nats-server's flags and configuration file (`streamproof serve --help`).",
    )
    .passThroughOptions()
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument("[flags...]", "such as -p 4222 -js -sd ./data, or -c server.conf")
    .action((_: string[], __: unknown, command: Command) => serve(session, command.args));
}

async function serve(session: Session, flags: readonly string[]): Promise<void> {
  const code = await runProgram(session, serverCommand(), flags);
  session.exitCode = code === 0 ? exitCodes.ok : exitCodes.failed;
}
