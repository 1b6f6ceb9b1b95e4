/** `streamproof store`: looks at, lists and rescues the store of a stopped reference server. */
import { Command } from "commander";
import { storeToolCommand } from "../../api/index.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { runProgram } from "./program.ts";
import type { Session } from "./session.ts";

export function storeCommand(session: Session): Command {
  return new Command("store")
    .summary("verify, dump or salvage a store of the reference server")
    .description("Works on the store of a stopped reference server: `store verify DIR`, `store dump DIR`, `store salvage DIR OUT`.")
    .passThroughOptions()
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument("[words...]", "such as verify ./data, or salvage ./data ./rescued")
    .action((_: string[], __: unknown, command: Command) => runTool(session, command.args));
}

async function runTool(session: Session, words: readonly string[]): Promise<void> {
  session.exitCode = exitOf(await runProgram(session, storeToolCommand(), words));
}

/** The tool's codes are ours: 0 sound, 1 damage, 2 usage, 3 can't be read. */
function exitOf(code: number | null): ExitCode {
  const known = [exitCodes.ok, exitCodes.failed, exitCodes.usage, exitCodes.environment].find((each) => each === code);
  return known ?? exitCodes.environment;
}
