/** `streamproof serve`: the reference server, with nats-server's flags. */
import { spawn } from "node:child_process";
import { Command } from "commander";
import { serverCommand } from "../../api/index.ts";
import { exitCodes } from "../exit-codes.ts";
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
  const { command, args } = serverCommand();
  const child = spawn(command, [...args, ...flags], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the server by itself; a signal to this process alone has to be handed on.
  const hand = (): void => void child.kill("SIGTERM");
  session.signal.addEventListener("abort", hand, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  session.signal.removeEventListener("abort", hand);
  session.exitCode = code === 0 ? exitCodes.ok : exitCodes.failed;
}
