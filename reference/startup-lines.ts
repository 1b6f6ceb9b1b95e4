/** The lines of a starting server. Client test suites read addresses and folders from them, so form and order are the official server's. */
import type { JetStreamStatus } from "./monitor/server-status.ts";
import { API_LEVEL, SERVER_VERSION } from "./version.ts";

export function identityLines({ id, name, jetStream }: { id: string; name: string; jetStream: boolean }): readonly string[] {
  return [
    "Starting nats-server",
    `  Version:  ${SERVER_VERSION}`,
    "  Build:    streamproof reference server",
    `  Name:     ${name}`,
    ...(jetStream ? [`  Node:     ${id.slice(1, 9)}`] : []),
    `  ID:       ${id}`,
  ];
}

export function jetStreamLines(config: JetStreamStatus["config"]): readonly string[] {
  return [
    "---------------- JETSTREAM ----------------",
    `  Strict:          ${config.strict}`,
    `  Max Memory:      ${friendlyBytes(config.maxMemory)}`,
    `  Max Storage:     ${friendlyBytes(config.maxStorage)}`,
    `  Store Directory: "${config.storeDirectory}"`,
    `  Sync:            ${config.sync === "always" ? "before every acknowledgement" : `every ${config.sync.intervalMs / 1000}s`}`,
    ...(config.domain === undefined ? [] : [`  Domain:          ${config.domain}`]),
    `  API Level:       ${API_LEVEL}`,
    "-------------------------------------------",
  ];
}

/** `1.00 MB` in powers of 1024. */
function friendlyBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(2)} ${units[unit]}`;
}
