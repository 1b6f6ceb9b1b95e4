/** `streamproof crash`: hurt a server again and again, and show which acknowledged change it lost. */
import { Command, Option } from "commander";
import { type CrashEvent, runCrash } from "../../api/index.ts";
import { Progress } from "../progress.ts";
import { finish } from "./finish.ts";
import { addRunFlags, addTargetFlags, parseCount, parseDuration, parseSeed, type RunFlags, type TargetFlags } from "./selection.ts";
import { commandLine, type Session } from "./session.ts";

interface CrashFlags extends TargetFlags, RunFlags {
  readonly cycles?: number;
  readonly budget?: number;
  readonly seed?: number;
  readonly failOn?: "inconclusive";
}

export function crashCommand(session: Session): Command {
  const command = new Command("crash")
    .summary("hurt a server and show what it lost")
    .description(
      "Loads a server, cuts it down, restarts it, reads everything back and judges. A control that must lose data runs first through the same fault code.",
    )
    .argument("<campaign>", "kill9, power-cut, … (`streamproof list --campaigns`)");
  addTargetFlags(command)
    .option("--cycles <n>", "how many times the server is cut", parseCount)
    .option("--budget <duration>", "stop after this long instead (30m)", parseDuration)
    .option("--seed <n>", "seed of everything random", parseSeed)
    .addOption(new Option("--fail-on <what>", "exit 4 when nothing was lost but the campaign has no verdict").choices(["inconclusive"]));
  return addRunFlags(command)
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing acknowledged was lost, 1 something was, 2 wrong usage, 3 the target can't be started, 4 inconclusive, 130 interrupted.",
    )
    .action((campaign: string, flags: CrashFlags) => crash(session, campaign, flags));
}

async function crash(session: Session, campaign: string, flags: CrashFlags): Promise<void> {
  const { terminal, signal } = session;
  const progress = new Progress(terminal, { quiet: flags.quiet === true || flags.json === true });
  const clock = new CycleClock();
  progress.status(`preparing ${flags.target}`);
  const results = await runCrash({
    ...flags,
    campaign,
    budgetMs: flags.budget,
    command: commandLine(session.argv),
    signal,
    listener: (event) => {
      if (flags.json === true) {
        terminal.out(`${JSON.stringify(event)}\n`);
      }
      showEvent(progress, event, clock);
    },
  });
  progress.clear();
  finish(session, results, flags);
}

function showEvent(progress: Progress, event: CrashEvent, clock: CycleClock): void {
  if (event.type === "control") {
    progress.line(`control (must lose): ${event.control.summary}`);
    return;
  }
  const { cycle, planned, outcome, summary } = event;
  const rate = clock.perSecond(cycle);
  const text = `cycle ${cycle}${planned === undefined ? "" : `/${planned}`} ${outcome}: ${summary} (${rate.toFixed(2)} cycles/s)`;
  progress.status(text);
  // A log gets every tenth of a long campaign, and everything that is not a pass.
  if (outcome !== "pass" || planned === undefined || planned <= 20 || cycle % Math.ceil(planned / 10) === 0) {
    progress.line(text);
  }
}

class CycleClock {
  readonly #startedMs = performance.now();

  perSecond(cycles: number): number {
    return cycles / Math.max(0.001, (performance.now() - this.#startedMs) / 1000);
  }
}
