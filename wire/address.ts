/** Reads `nats://[user:password@|token@]host[:port]`. TLS addresses are refused by name, so that nobody takes a plain connection for one. */
import { WireError } from "./errors.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
}

const defaultPort = 4222;

export function parseAddress(url: string): Address {
  const text = url.includes("://") ? url : `nats://${url}`;
  const parsed = URL.parse(text);
  if (parsed === null || parsed.hostname === "") {
    throw new WireError("WIRE_ADDRESS_INVALID", `"${url}" is not an address; use nats://host:port`);
  }
  if (parsed.protocol === "tls:" || parsed.protocol === "wss:" || parsed.protocol === "ws:") {
    throw new WireError(
      "WIRE_UNSUPPORTED",
      `"${parsed.protocol}//" is not supported yet; use nats:// with a server that does not demand TLS`,
    );
  }
  if (parsed.protocol !== "nats:") {
    throw new WireError("WIRE_ADDRESS_INVALID", `"${parsed.protocol}//" is not a scheme of NATS; use nats://host:port`);
  }
  const user = parsed.username === "" ? undefined : decodeURIComponent(parsed.username);
  const password = parsed.password === "" ? undefined : decodeURIComponent(parsed.password);
  return {
    // URL keeps the brackets of an IPv6 address, sockets want it without.
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? defaultPort : Number(parsed.port),
    user: password === undefined ? undefined : user,
    password,
    token: password === undefined ? user : undefined,
  };
}
