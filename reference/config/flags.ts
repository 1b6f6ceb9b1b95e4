/**
 * nats-server's command line, with the rules of Go's flag package: one dash or two, `-x=v` or `-x v`, switches take a value only as
 * `-x=false`, and the first word that is no flag ends them.
 */

/** What the command line sets; `undefined` = not given. */
export interface Flags {
  host?: string;
  port?: number;
  name?: string;
  pidFile?: string;
  httpPort?: number;
  configFile?: string;
  checkOnly?: boolean;
  portsFileDirectory?: string;
  logFile?: string;
  logTime?: boolean;
  logTimeUtc?: boolean;
  debug?: boolean;
  trace?: boolean;
  debugAndTrace?: boolean;
  jetstream?: boolean;
  storeDirectory?: string;
  user?: string;
  password?: string;
  token?: string;
  help?: boolean;
  version?: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly flags: Flags }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** Go prints the text on standard error, then the usage on standard output. */
  | { readonly kind: "misused"; readonly text: string }
  | { readonly kind: "refused"; readonly text: string };

type Kind = "text" | "number" | "switch";

interface FlagRule {
  readonly field: keyof Flags;
  readonly kind: Kind;
}

const text = (field: keyof Flags): FlagRule => ({ field, kind: "text" });
const number = (field: keyof Flags): FlagRule => ({ field, kind: "number" });
const toggle = (field: keyof Flags): FlagRule => ({ field, kind: "switch" });

const RULES: Readonly<Record<string, FlagRule>> = {
  a: text("host"),
  addr: text("host"),
  net: text("host"),
  p: number("port"),
  port: number("port"),
  n: text("name"),
  name: text("name"),
  server_name: text("name"),
  P: text("pidFile"),
  pid: text("pidFile"),
  m: number("httpPort"),
  http_port: number("httpPort"),
  c: text("configFile"),
  config: text("configFile"),
  t: toggle("checkOnly"),
  ports_file_dir: text("portsFileDirectory"),
  l: text("logFile"),
  log: text("logFile"),
  T: toggle("logTime"),
  logtime: toggle("logTime"),
  logtime_utc: toggle("logTimeUtc"),
  D: toggle("debug"),
  debug: toggle("debug"),
  V: toggle("trace"),
  trace: toggle("trace"),
  DV: toggle("debugAndTrace"),
  js: toggle("jetstream"),
  jetstream: toggle("jetstream"),
  sd: text("storeDirectory"),
  store_dir: text("storeDirectory"),
  user: text("user"),
  pass: text("password"),
  auth: text("token"),
  h: toggle("help"),
  help: toggle("help"),
  v: toggle("version"),
  version: toggle("version"),
};

/** Flags of the official server that we don't have yet. */
const UNSUPPORTED = new Set(
  [
    "ms https_port sl signal client_advertise s syslog r remote_syslog VV DVV log_size_limit max_traced_msg_len tls tlscert tlskey",
    "tlsverify tlscacert routes cluster cluster_listen cluster_name cluster_advertise no_advertise connect_retries profile help_tls",
  ].flatMap((line) => line.split(" ")),
);

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

export function readCommandLine(words: readonly string[]): CommandLine {
  const flags: Flags = {};
  let at = 0;
  while (at < words.length) {
    const word = words[at]!;
    if (word === "--" || word.length < 2 || !word.startsWith("-")) {
      break;
    }
    at++;
    const body = word.slice(word.startsWith("--") ? 2 : 1);
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    if (name === "" || name.startsWith("-")) {
      return { kind: "misused", text: `bad flag syntax: ${word}` };
    }
    if (UNSUPPORTED.has(name)) {
      return { kind: "refused", text: `flag -${name} is not supported by this server yet` };
    }
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (rule === undefined) {
      return { kind: "misused", text: `flag provided but not defined: -${name}` };
    }
    let value = equals < 0 ? undefined : body.slice(equals + 1);
    if (value === undefined && rule.kind !== "switch") {
      value = words[at++];
      if (value === undefined) {
        return { kind: "misused", text: `flag needs an argument: -${name}` };
      }
    }
    const problem = assign(flags, name, rule, value);
    if (problem !== undefined) {
      return { kind: "misused", text: problem };
    }
  }
  return finished(flags, words.slice(words[at] === "--" ? at + 1 : at));
}

function assign(flags: Flags, name: string, rule: FlagRule, value: string | undefined): string | undefined {
  if (rule.kind === "switch") {
    const given = value ?? "true";
    if (!TRUE.has(given) && !FALSE.has(given)) {
      return `invalid boolean value ${JSON.stringify(given)} for -${name}: parse error`;
    }
    Object.assign(flags, { [rule.field]: TRUE.has(given) });
    return undefined;
  }
  if (rule.kind === "number" && !/^[+-]?\d{1,9}$/.test(value ?? "")) {
    return `invalid value ${JSON.stringify(value)} for flag -${name}: parse error`;
  }
  Object.assign(flags, { [rule.field]: rule.kind === "number" ? Number(value) : value });
  return undefined;
}

function finished(flags: Flags, words: readonly string[]): CommandLine {
  if (flags.version === true) {
    return { kind: "version" };
  }
  if (flags.help === true) {
    return { kind: "help" };
  }
  switch (words[0]?.toLowerCase()) {
    case undefined:
      return { kind: "run", flags };
    case "version":
      return { kind: "version" };
    case "help":
      return { kind: "help" };
    default:
      return { kind: "refused", text: `unrecognized command: ${JSON.stringify(words[0])}` };
  }
}
