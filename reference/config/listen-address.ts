/** `listen` and `http`: a port, or `host:port` with IPv6 hosts in brackets. */
import type { ConfSection } from "./conf-section.ts";

export interface ListenAddress {
  readonly host: string | undefined;
  /** 0 = any free one. */
  readonly port: number;
}

export function readListen(section: ConfSection, name: string): ListenAddress | undefined {
  const entry = section.entry(name);
  if (entry === undefined) {
    return undefined;
  }
  const { value } = entry;
  if (value.kind === "integer") {
    return { host: undefined, port: validPort(value.value) ?? section.wrong(entry, "a port or host:port") };
  }
  const match = value.kind === "string" ? /^(?:\[(.+)\]|([^:]*)):(-?\d+)$/.exec(value.value) : null;
  const port = match === null ? undefined : validPort(Number(match[3]));
  if (match === null || port === undefined) {
    return section.wrong(entry, "a port or host:port");
  }
  return { host: (match[1] ?? match[2]) || undefined, port };
}

function validPort(port: number): number | undefined {
  return port >= -1 && port <= 65_535 ? Math.max(port, 0) : undefined;
}
