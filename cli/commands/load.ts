/** `streamproof load`: a load profile on one server, or side by side on two. */
import { Command, Option } from "commander";
import { type LoadPolicy, type LoadRunEvent, runLoad } from "../../api/index.ts";
import { Progress } from "../progress.ts";
import { finish } from "./finish.ts";
import { addRunFlags, addTargetFlags, parseCount, parseSeed, type RunFlags, type TargetFlags } from "./selection.ts";
import { commandLine, type Session } from "./session.ts";

interface LoadFlags extends TargetFlags, RunFlags {
  readonly against?: string;
  readonly againstBin?: string;
  readonly againstSet: Record<string, string>;
  readonly size: "smoke" | "ci" | "full";
  readonly policy?: LoadPolicy;
  readonly pairs?: number;
  readonly seed?: number;
  readonly payload?: number;
  readonly window?: number;
  readonly connections?: number;
  readonly model?: "open" | "closed";
  readonly rate?: number;
  readonly failOn?: "inconclusive";
}

export function loadCommand(session: Session): Command {
  const command = new Command("load")
    .summary("measure a server, alone or side by side with another")
    .description("Runs a load profile in randomised ABBA pairs with an account of every message: a lost one voids the figures.")
    .argument("<profile>", "pub-async, pull, … or a YAML file of yours (`streamproof list --loads`)");
  addTargetFlags(command)
    .option("--against <target>", "the other side")
    .option("--against-bin <path>", "executable of the other side")
    .option("--against-set <key=value>", "configuration of the other side, repeatable", collect, {})
    .addOption(new Option("--size <size>", "how long").choices(["smoke", "ci", "full"]).default("ci"))
    .addOption(
      new Option(
        "--policy <policy>",
        "shipped: both as they come; equal: both sync before every acknowledgement. Default: one after the other",
      ).choices(["shipped", "equal"]),
    )
    .option("--pairs <n>", "pairs of blocks", parseCount)
    .option("--seed <n>", "seed of order, payload and statistics", parseSeed)
    .option("--payload <bytes>", "payload size", parseCount)
    .option("--window <n>", "messages in flight for each connection", parseCount)
    .option("--connections <n>", "connections", parseCount)
    .addOption(new Option("--model <model>", "open: by a schedule; closed: as fast as answers come").choices(["open", "closed"]))
    .option("--rate <n>", "operations a second (open model)", parseCount)
    .addOption(new Option("--fail-on <what>", "exit 4 when the figures allow no verdict").choices(["inconclusive"]));
  return addRunFlags(command).action((profile: string, flags: LoadFlags) => load(session, profile, flags));
}

function collect(text: string, before: Record<string, string>): Record<string, string> {
  const [key = "", ...value] = text.split("=");
  return { ...before, [key]: value.join("=") };
}

async function load(session: Session, profile: string, flags: LoadFlags): Promise<void> {
  const { terminal, signal } = session;
  const progress = new Progress(terminal, { quiet: flags.quiet === true || flags.json === true });
  progress.status(`preparing ${flags.target}${flags.against === undefined ? "" : ` and ${flags.against}`}`);
  const { payload, window, connections, model, rate, policy } = flags;
  const overrides = Object.entries({ payloadBytes: payload, window, connections, model, rate }).filter(([, value]) => value !== undefined);
  const results = await runLoad({
    ...flags,
    profile,
    policies: policy === undefined ? undefined : [policy],
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    overrides: Object.fromEntries(overrides),
    command: commandLine(session.argv),
    signal,
    listener: (event) => {
      if (flags.json === true) {
        terminal.out(`${JSON.stringify(event)}\n`);
      }
      showEvent(progress, event);
    },
  });
  progress.clear();
  finish(session, results, flags);
}

function showEvent(progress: Progress, event: LoadRunEvent): void {
  switch (event.type) {
    case "policy-start":
      progress.line(event.policy);
      break;
    case "run-start":
      progress.line(`${event.profile}, ${event.model} model, ${event.blocks} blocks`);
      break;
    case "block-start":
      progress.status(`block ${event.index + 1}/${event.blocks}: side ${event.side}`);
      break;
    case "progress":
      progress.status(`side ${event.side}, pair ${event.pair + 1}, ${event.phase}: ${Math.round(event.perSecond).toLocaleString("en")}/s`);
      break;
    case "block-end": {
      const { side, pair, perSecond, service, generatorCpuShare } = event.block;
      const latency = service === undefined ? "" : `, p50 ${Math.round(service.p50)} µs, p99 ${Math.round(service.p99)} µs`;
      const client = generatorCpuShare === undefined ? "" : `, client ${Math.round(generatorCpuShare * 100)} % of a core`;
      progress.line(
        `pair ${pair + 1} ${side}: ${Math.round(perSecond).toLocaleString("en")}/s${latency}${client}${event.problems.map((each) => `; ${each}`).join("")}`,
      );
      break;
    }
    case "comparison":
      break;
  }
}
