/** `streamproof store`: looks at, lists and rescues the store of a stopped reference server. */
import { spawn } from "node:child_process";
import { Command } from "commander";
import { storeToolCommand } from "../../api/index.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Session } from "./session.ts";

export function storeCommand(session: Session): Command {
  return new Command("store")
    .summary("verify, dump or salvage a store of the reference server")
    .description("Works on the store of a stopped reference server: `store verify DIR`, `store dump DIR`, `store salvage DIR OUT`.")
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument("[words...]", "such as verify ./data, or salvage ./data ./rescued")
    .action((_: string[], __: unknown, command: Command) => runTool(session, command.args));
}

async function runTool(session: Session, words: readonly string[]): Promise<void> {
  const { command, args } = storeToolCommand();
  const child = spawn(command, [...args, ...words], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the tool by itself; a signal to this process alone has to be handed on.
  const hand = (): void => void child.kill("SIGTERM");
  session.signal.addEventListener("abort", hand, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  session.signal.removeEventListener("abort", hand);
  session.exitCode = exitOf(code);
}

/** The tool's codes are ours: 0 sound, 1 damage, 2 usage, 3 can't be read. */
function exitOf(code: number | null): ExitCode {
  const known = [exitCodes.ok, exitCodes.failed, exitCodes.usage, exitCodes.environment].find((each) => each === code);
  return known ?? exitCodes.environment;
}
