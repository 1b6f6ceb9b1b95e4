/** `/varz`: the server's settings and counters, in the official server's field order. */
import { API_LEVEL, RUNTIME, SERVER_VERSION } from "../version.ts";
import { rfc3339, uptime } from "./json-time.ts";
import { jetStreamConfig, jetStreamLimits, jetStreamStats } from "./jsz.ts";
import type { ServerStatus } from "./server-status.ts";

const NS_PER_MS = 1_000_000;
const NO_OTHERS = { routes: 0, gateways: 0, leafs: 0 };

export function varz(status: ServerStatus): Record<string, unknown> {
  const { broker, traffic, machine } = status;
  return {
    server_id: status.id,
    server_name: status.name,
    version: SERVER_VERSION,
    proto: 1,
    go: RUNTIME,
    host: status.host,
    port: status.port,
    ...(status.authRequired ? { auth_required: true } : {}),
    max_connections: broker.maxConnections,
    ...(broker.maxSubscriptions > 0 ? { max_subscriptions: broker.maxSubscriptions } : {}),
    ping_interval: broker.pingIntervalMs * NS_PER_MS,
    ping_max: broker.pingMax,
    http_host: status.monitor.host,
    http_port: status.monitor.port,
    http_base_path: "",
    https_port: 0,
    auth_timeout: broker.authTimeoutMs / 1000,
    max_control_line: broker.maxControlLine,
    max_payload: broker.maxPayload,
    max_pending: broker.maxPending,
    cluster: {},
    gateway: {},
    leaf: {},
    mqtt: {},
    websocket: {},
    jetstream: jetStreamOf(status),
    tls_timeout: 2,
    write_deadline: broker.writeDeadlineMs * NS_PER_MS,
    start: rfc3339(status.startedNs),
    now: rfc3339(status.nowNs),
    uptime: uptime(status.nowNs - status.startedNs),
    mem: machine.memoryBytes,
    cores: machine.cores,
    gomaxprocs: 1,
    cpu: machine.cpuPercent,
    connections: status.connections,
    total_connections: status.totalConnections,
    routes: 0,
    remotes: 0,
    leafnodes: 0,
    in_msgs: traffic.inMessages,
    in_bytes: traffic.inBytes,
    in_client_msgs: traffic.inMessages,
    in_client_bytes: traffic.inBytes,
    out_msgs: traffic.outMessages,
    out_bytes: traffic.outBytes,
    out_client_msgs: traffic.outMessages,
    out_client_bytes: traffic.outBytes,
    slow_consumers: traffic.slowConsumers,
    stale_connections: traffic.staleConnections,
    stalled_clients: 0,
    subscriptions: status.subscriptions,
    http_req_stats: Object.fromEntries(status.httpRequests),
    config_load_time: rfc3339(status.configLoadedNs),
    config_digest: status.configDigest,
    feature_flags: { js_ack_fc_v2: false, js_api_reply_v2: false, js_raft_delete_range: false, js_snapshot_sources: false },
    system_account: "$SYS",
    slow_consumer_stats: { clients: traffic.slowConsumers, ...NO_OTHERS },
    stale_connection_stats: { clients: traffic.staleConnections, ...NO_OTHERS },
  };
}

function jetStreamOf({ jetStream }: ServerStatus): Record<string, unknown> {
  if (jetStream === undefined) {
    return {};
  }
  return { config: jetStreamConfig(jetStream), stats: jetStreamStats(jetStream, API_LEVEL), limits: jetStreamLimits(jetStream) };
}
