/** `streamproof crash`: hurt a server again and again, and show which acknowledged change it lost. */
import { Command, InvalidArgumentError, Option } from "commander";
import { type CrashEvent, runCrash } from "../../api/index.ts";
import { Progress } from "../progress.ts";
import { finish } from "./finish.ts";
import { addRunFlags, addTargetFlags, parseCount, parseDuration, parseSeed, type RunFlags, type TargetFlags } from "./selection.ts";
import { commandLine, type Session } from "./session.ts";

interface CrashFlags extends TargetFlags, RunFlags {
  readonly cycles?: number;
  readonly budget?: number;
  readonly seed?: number;
  readonly resume?: boolean;
  readonly part?: { readonly number: number; readonly of: number };
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
    .option("--part <i/n>", "of a campaign that goes through every bit only this part (2/5)", parsePart)
    .option("--resume", "go on with the campaign whose state stands in --out")
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

function parsePart(text: string): { number: number; of: number } {
  const [, number = "0", of = "0"] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (Number(number) < 1 || Number(number) > Number(of)) {
    throw new InvalidArgumentError(`"${text}" is not a part such as 2/5`);
  }
  return { number: Number(number), of: Number(of) };
}

function showEvent(progress: Progress, event: CrashEvent, clock: CycleClock): void {
  switch (event.type) {
    case "control":
      progress.line(`control (must lose): ${event.control.summary}`);
      return;
    case "resumed":
      clock.skip(event.cycles);
      progress.line(`goes on after ${event.cycles} cycles`);
      return;
    case "minimising":
      progress.status(`making the failure of cycle ${event.cycle} small`);
      return;
    case "minimal":
      progress.line(`made small: ${event.steps} steps, found in ${event.tries} tries\n\n${event.text}\n  ${event.command}\n`);
      return;
    case "skipped":
      for (const line of event.lines) {
        progress.line(`left out: ${line}`);
      }
      return;
    default:
      showCycle(progress, event, clock);
  }
}

function showCycle(progress: Progress, event: Extract<CrashEvent, { type: "cycle" }>, clock: CycleClock): void {
  const { cycle, planned, outcome, summary, acknowledged, lost, swept } = event;
  const sweep = swept === undefined ? "" : `, ${swept.done} of ${swept.of} swept`;
  const counts = `${acknowledged} acknowledged, ${lost} lost${sweep}, ${clock.describe(cycle, planned)}`;
  progress.status(`cycle ${cycle}${planned === undefined ? "" : `/${planned}`} ${outcome}: ${counts}`);
  // A log gets every tenth of a long campaign, and everything that is not a pass.
  if (outcome !== "pass" || planned === undefined || planned <= 20 || cycle % Math.ceil(planned / 10) === 0) {
    progress.line(
      `cycle ${cycle}${planned === undefined ? "" : `/${planned}`} ${outcome}: ${summary.replace(/^cycle \d+: /, "")} (${counts})`,
    );
  }
}

class CycleClock {
  readonly #startedMs = performance.now();
  #before = 0;

  /** Cycles of an earlier run say nothing about the speed of this one. */
  skip(cycles: number): void {
    this.#before = cycles;
  }

  describe(cycle: number, planned: number | undefined): string {
    const seconds = Math.max(0.001, (performance.now() - this.#startedMs) / 1000);
    const perSecond = (cycle - this.#before) / seconds;
    const left = planned === undefined ? undefined : Math.round((planned - cycle) / perSecond);
    return `${perSecond.toFixed(2)} cycles/s${left === undefined || left <= 0 ? "" : `, ${duration(left)} left`}`;
  }
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
