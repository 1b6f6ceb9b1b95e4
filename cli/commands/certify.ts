/** `streamproof certify`: the conformance suites on one target. */
import { Command, Option } from "commander";
import { type CaseResult, examineMachine, type Level, runConformance } from "../../api/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { Progress } from "../progress.ts";
import { finish } from "./finish.ts";
import { addRunFlags, addTargetFlags, parseCount, parseSeed, type RunFlags, type TargetFlags } from "./selection.ts";
import { commandLine, type Session } from "./session.ts";

interface CertifyFlags extends TargetFlags, RunFlags {
  readonly profile?: string;
  readonly level?: Level[];
  readonly knownFailing?: string;
  readonly concurrency?: number;
  readonly seed?: number;
  readonly strict?: boolean;
  readonly failOn?: "inconclusive";
  readonly requireCapabilities?: boolean;
}

export function certifyCommand(session: Session): Command {
  const command = new Command("certify")
    .summary("run the conformance suites on a server")
    .description("Runs the conformance suites on a server. Patterns select cases by name: `*` is one part, `**` any number of parts.")
    .argument("[patterns...]", "case names such as 'dedup.**', or case files such as found.yaml; all when there is none");
  addTargetFlags(command)
    .option("--profile <name>", "a named set of requirements (`streamproof list --profiles`)")
    .addOption(new Option("--level <levels...>", "only cases of these levels").choices(["must", "should", "may", "observed"]))
    .option("--known-failing <file>", "a known-failing list of your own instead of the one beside the target")
    .option("--concurrency <n>", "cases at a time on a shared server", parseCount)
    .option("--seed <n>", "seed of everything random", parseSeed)
    .option("--strict", "failing `should` requirements fail the run too")
    .addOption(new Option("--fail-on <what>", "exit 4 when nothing failed but something has no verdict").choices(["inconclusive"]))
    .option("--require-capabilities", "fail when a case is not applicable although this machine has what it needs");
  return addRunFlags(command)
    .addHelpText(
      "after",
      "\nExit codes: 0 all requirements hold, 1 some do not, 2 wrong usage, 3 the target can't be reached, 4 inconclusive, 130 interrupted.",
    )
    .action((patterns: string[], flags: CertifyFlags) => certify(session, patterns, flags));
}

async function certify(session: Session, patterns: readonly string[], flags: CertifyFlags): Promise<void> {
  const { terminal, signal } = session;
  const progress = new Progress(terminal, { quiet: flags.quiet === true || flags.json === true });
  let total = 0;
  let done = 0;
  const running = new Set<string>();
  progress.status(`preparing ${flags.target}`);
  const results = await runConformance({
    ...flags,
    patterns,
    levels: flags.level,
    knownFailingFile: flags.knownFailing,
    command: commandLine(session.argv),
    signal,
    listener: (event) => {
      if (flags.json === true) {
        terminal.out(`${JSON.stringify(event)}\n`);
      }
      if (event.type === "plan") {
        total = event.cases.length;
        progress.line(`certifying ${flags.target}: ${total} cases`);
      } else if (event.type === "start") {
        running.add(event.name);
      } else {
        done++;
        running.delete(event.result.name);
        showCase(progress, event.result, terminal);
      }
      progress.status(`${done}/${total} ${[...running].join(", ")}`);
    },
  });
  progress.clear();
  finish(session, results, flags);
  if (flags.requireCapabilities === true) {
    await refuseNeedlessGaps(session, results.cases, flags);
  }
}

function showCase(progress: Progress, result: CaseResult, { colors, live }: Session["terminal"]): void {
  const seconds = `${(result.durationMs / 1000).toFixed(2)} s`;
  const tail = result.reason === undefined ? "" : ` (${result.reason})`;
  if (result.outcome === "pass") {
    // On a terminal the counter says enough; a log wants to know what ran.
    if (!live) {
      progress.line(`ok    ${result.name} ${colors.dim(seconds)}`);
    }
  } else if (result.outcome === "fail" || result.outcome === "error" || result.outcome === "unexpected-pass") {
    progress.line(`${colors.red(result.outcome.padEnd(5))} ${result.name} ${colors.dim(seconds)}${tail}`);
  } else {
    progress.line(`${colors.yellow(result.outcome)} ${result.name}${colors.dim(tail)}`);
  }
}

/** A machine that can power-cut must not pass by skipping the power cuts. */
async function refuseNeedlessGaps(session: Session, cases: readonly CaseResult[], flags: CertifyFlags): Promise<void> {
  const skipped = cases.filter((each) => each.outcome === "not-applicable");
  if (skipped.length === 0) {
    return;
  }
  const { capabilities } = await examineMachine(flags);
  const lacking = Object.values(capabilities).filter((reason) => reason !== undefined);
  const needless = skipped.filter((each) => !lacking.some((reason) => each.reason?.includes(reason) === true));
  if (needless.length > 0) {
    session.terminal.err(
      `not applicable although this machine has what they need:\n${needless.map((each) => `  ${each.name}: ${each.reason}\n`).join("")}`,
    );
    session.exitCode = exitCodes.failed;
  }
}
