import { expect, test } from "vitest";
import { DEFAULT_BROKER_OPTIONS } from "../broker/broker-options.ts";
import { rfc3339, uptime } from "./json-time.ts";
import { MonitorPages } from "./pages.ts";
import type { JetStreamStatus, ServerStatus } from "./server-status.ts";

const jetStream: JetStreamStatus = {
  config: { maxMemory: 1, maxStorage: 2, storeDirectory: "/d/jetstream", sync: "always", domain: "hub", uniqueTag: "az", strict: true },
  limits: { defaultMaxConsumers: 1000, maxAckPending: undefined, maxRequestBatch: undefined, duplicateWindowMs: undefined },
  memory: 3,
  storage: 4,
  reservedMemory: 5,
  reservedStorage: 6,
  api: { total: 7, errors: 8 },
  streams: 9,
  consumers: 10,
  messages: 11,
  bytes: 12,
  trouble: undefined,
};

function pages(overrides: Partial<ServerStatus> = {}): MonitorPages {
  return new MonitorPages((httpRequests) => ({
    id: "N1",
    name: "n",
    host: "127.0.0.1",
    port: 4222,
    authRequired: false,
    broker: DEFAULT_BROKER_OPTIONS,
    monitor: { host: "127.0.0.1", port: 8222 },
    startedNs: 1_700_000_000_000_000_000n,
    nowNs: 1_700_090_061_500_000_000n,
    configLoadedNs: 1_700_000_000_000_000_000n,
    configDigest: "",
    connections: 1,
    totalConnections: 2,
    subscriptions: 3,
    traffic: { inMessages: 1, inBytes: 2, outMessages: 3, outBytes: 4, slowConsumers: 5, staleConnections: 6 },
    machine: { cores: 2, memoryBytes: 100, cpuPercent: 1 },
    httpRequests,
    jetStream,
    ...overrides,
  }));
}

const ask = (each: MonitorPages, path: string, query = "") => each.reply(path, new URLSearchParams(query));
const json = (each: MonitorPages, path: string, query = ""): Record<string, unknown> => {
  const parsed: Record<string, unknown> = JSON.parse(ask(each, path, query).body);
  return parsed;
};

test("/varz shows settings and counters and counts the requests", () => {
  const all = pages();
  ask(all, "/healthz");
  expect(json(all, "/varz")).toMatchObject({
    server_name: "n",
    version: "2.15.2",
    ping_interval: 120_000_000_000,
    uptime: "1d1h1m1s",
    in_client_bytes: 2,
    http_req_stats: { "/healthz": 1, "/varz": 1 },
    jetstream: { config: { sync_always: true, sync_interval: 120_000_000_000, domain: "hub", unique_tag: "az" }, stats: { storage: 4 } },
  });
});

test("/jsz shows what JetStream holds, and that it is off", () => {
  expect(json(pages(), "/jsz")).toMatchObject({
    memory: 3,
    reserved_storage: 6,
    streams: 9,
    bytes: 12,
    api: { level: 5, total: 7, errors: 8 },
  });
  expect(json(pages({ jetStream: undefined }), "/jsz")).toMatchObject({ disabled: true, streams: 0 });
  const interval = { ...jetStream, config: { ...jetStream.config, sync: { intervalMs: 10_000 } } };
  const { config } = json(pages({ jetStream: interval }), "/jsz");
  expect(config).toMatchObject({ sync_interval: 10_000_000_000 });
  expect(config).not.toHaveProperty("sync_always");
});

test("details of /jsz that we lack are refused and not left out", () => {
  expect(ask(pages(), "/jsz", "streams=true")).toMatchObject({ status: 400, body: "'streams' is not supported by this server yet\n" });
  expect(ask(pages(), "/jsz", "streams=false&acc=$G").status).toBe(200);
});

test("/healthz is unavailable when the store is damaged, or JetStream is asked for and off", () => {
  expect(ask(pages(), "/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  expect(ask(pages({ jetStream: { ...jetStream, trouble: "lost" } }), "/healthz")).toMatchObject({
    status: 503,
    body: '{"status":"unavailable","error":"lost"}',
  });
  const off = pages({ jetStream: undefined });
  expect([ask(off, "/healthz").status, ask(off, "/healthz", "js-enabled-only=true").status]).toEqual([200, 503]);
});

test("an unknown page is Go's 404, and / is an index", () => {
  expect(ask(pages(), "/nope")).toMatchObject({ status: 404, body: "404 page not found\n" });
  expect(ask(pages(), "/").body).toContain('href="./varz"');
});

test("times are printed as Go prints them", () => {
  expect(rfc3339(1_700_000_000_123_456_700n)).toBe("2023-11-14T22:13:20.1234567Z");
  expect(rfc3339(1_700_000_000_000_000_000n)).toBe("2023-11-14T22:13:20Z");
  expect([uptime(0n), uptime(59_000_000_000n), uptime(3_600_000_000_000n)]).toEqual(["0s", "59s", "1h0m0s"]);
});
