/** The top level of a configuration file: what it sets on the server and on the process around it. */
import type { Credentials } from "../auth/authenticator.ts";
import type { BrokerOptions } from "../broker/broker-options.ts";
import { readCredentials } from "./authorization-section.ts";
import { ConfSection } from "./conf-section.ts";
import type { ConfMap } from "./conf-value.ts";
import { readJetStream } from "./jetstream-section.ts";
import { readListen } from "./listen-address.ts";
import type { ProcessOptions } from "./process-options.ts";
import type { JetStreamOptions } from "./server-options.ts";

/** Only what the file sets; flags and defaults come from elsewhere. `undefined` = not set. */
export interface FileOptions {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly name: string | undefined;
  readonly monitorHost: string | undefined;
  readonly monitorPort: number | undefined;
  readonly broker: Partial<BrokerOptions>;
  readonly credentials: Credentials | undefined;
  readonly jetstream: JetStreamOptions | undefined;
  /** `store_dir` on the top level counts also when `-js` switches JetStream on. */
  readonly storeDirectory: string | undefined;
  readonly process: Partial<ProcessOptions>;
  readonly warnings: readonly string[];
}

const INT32_MAX = 0x7fff_ffff;

/** Settings of the official server that we don't have yet. */
const UNSUPPORTED = [
  "client_advertise https https_port http_base_path trace_verbose trace_headers logfile_size_limit log_size_limit",
  "logfile_max_num log_max_num syslog remote_syslog prof_port prof_block_rate max_sub_tokens max_subscription_tokens write_timeout",
  "max_traced_msg_len lame_duck_duration lame_duck_grace_period no_auth_user accounts mappings maps system_account",
  "system no_system_account no_system no_sys_acc disable_sublist_cache no_sublist_cache no_fast_producer_stall allow_non_tls tls ocsp",
  "ocsp_cache proxy_protocol proxies default_js_domain cluster gateway leaf leafnodes websocket ws mqtt connect_error_reports",
  "reconnect_error_reports operator operators root roots root_operator root_operators trusted trusted_keys resolver account_resolver",
  "accounts_resolver resolver_tls resolver_preload resolver_pinned_accounts default_sentinel server_tags server_metadata feature_flags",
  "max_closed_clients",
].flatMap((line) => line.split(" "));

export function readFileOptions(map: ConfMap): FileOptions {
  const warnings: string[] = [];
  const section = new ConfSection(map, warnings);
  const listen = readListen(section, "listen");
  const http = readListen(section, "http");
  const storeDirectory = section.string("store_dir", "storedir");
  const options: FileOptions = {
    host: section.string("host", "net") ?? listen?.host,
    port: readPort(section, "port") ?? listen?.port,
    name: readName(section),
    monitorHost: http?.host,
    monitorPort: readPort(section, "http_port", "monitor_port") ?? http?.port,
    broker: readBroker(section),
    credentials: readCredentials(section),
    jetstream: readJetStream(section),
    storeDirectory,
    process: readProcess(section),
    warnings,
  };
  section.unsupported(...UNSUPPORTED);
  section.finish();
  return options;
}

/** -1 and 0 both mean any free port from here on. */
function readPort(section: ConfSection, ...names: string[]): number | undefined {
  const port = section.integer({ min: -1, max: 65_535 }, ...names);
  return port === -1 ? 0 : port;
}

function readName(section: ConfSection): string | undefined {
  const name = section.string("server_name");
  if (name !== undefined && /\s/.test(name)) {
    section.wrong(section.entry("server_name")!, "a name without spaces");
  }
  return name;
}

function readBroker(section: ConfSection): Partial<BrokerOptions> {
  const authTimeoutMs = section.section("authorization")?.duration("timeout");
  const connections = section.integer({ min: -1 }, "max_connections", "max_conn");
  const options = {
    // The official server reads 0 as "none at all".
    maxConnections: connections,
    maxSubscriptions: section.integer({ min: 0 }, "max_subscriptions", "max_subs"),
    maxControlLine: section.integer({ min: 1, max: INT32_MAX }, "max_control_line"),
    maxPayload: section.integer({ min: 1, max: INT32_MAX }, "max_payload"),
    maxPending: section.integer({ min: 1 }, "max_pending"),
    pingIntervalMs: section.duration("ping_interval"),
    pingMax: section.integer({ min: 1 }, "ping_max"),
    writeDeadlineMs: section.duration("write_deadline"),
    authTimeoutMs,
    headers: invert(section.boolean("no_header_support")),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function invert(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function readProcess(section: ConfSection): Partial<ProcessOptions> {
  const options = {
    debug: section.boolean("debug"),
    trace: section.boolean("trace"),
    logTime: section.boolean("logtime"),
    logTimeUtc: section.boolean("logtime_utc"),
    logFile: section.string("logfile", "log_file"),
    pidFile: section.string("pidfile", "pid_file"),
    portsFileDirectory: section.string("ports_file_dir"),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
