/** Options that several commands share, defined once so that they read the same everywhere. */
import { type Command, InvalidArgumentError, Option } from "commander";

export interface TargetFlags {
  readonly target: string;
  readonly bin?: string;
  readonly targetFile?: string;
  readonly set: Record<string, string>;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

export interface RunFlags {
  readonly out: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const defaultOut = "reports/out";

export function addTargetFlags(command: Command): Command {
  return command
    .option(
      "-t, --target <target>",
      "embedded, nats-server[@VERSION], any name with --bin, or nats://HOST:PORT",
      process.env["STREAMPROOF_TARGET"] ?? "embedded",
    )
    .option("--bin <path>", "the executable to start; takes nats-server's configuration file unless --target-file says otherwise")
    .option("--target-file <file>", "a target description of your own (docs/targets.md)")
    .option("--set <key=value>", "server configuration, repeatable (sync_interval=always)", collectSetting, {})
    .option("--user <name>", "user name for a server that asks for one")
    .option("--password <password>", "password, with --user")
    .option("--token <token>", "authentication token");
}

export function addRunFlags(command: Command): Command {
  return command
    .option("-o, --out <dir>", "folder for results.json, junit.xml, summary.md and report.html", defaultOut)
    .addOption(new Option("--json", "events as one JSON object a line on standard output").conflicts("quiet"))
    .option("-q, --quiet", "print only failures and the last line");
}

function collectSetting(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) {
    throw new InvalidArgumentError(`"${text}" is not KEY=VALUE, e.g. sync_interval=always`);
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** `30m`, `90s`, `2h`, `500ms` → milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const unitMs = unitsMs.get(unit);
  if (unitMs === undefined) {
    throw new InvalidArgumentError(`"${text}" is not a duration such as 30m, 90s or 2h`);
  }
  return Number(amount) * unitMs;
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError(`"${text}" is not a whole number above 0`);
  }
  return count;
}

export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new InvalidArgumentError(`"${text}" is not a seed: a whole number from 0 to 4294967295`);
  }
  return seed;
}
