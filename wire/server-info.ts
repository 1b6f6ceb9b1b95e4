/** What a server says about itself in INFO. Only what the judge needs is typed; everything the server sent stays readable. */
import { WireError } from "./errors.ts";

export interface ServerInfo {
  readonly server_id: string;
  readonly server_name: string;
  readonly version: string;
  readonly proto: number;
  readonly host: string;
  readonly port: number;
  readonly headers: boolean;
  readonly max_payload: number;
  readonly jetstream: boolean;
  readonly auth_required: boolean;
  readonly tls_required: boolean;
  readonly client_id: number | undefined;
  readonly api_lvl: number | undefined;
  readonly nonce: string | undefined;
  readonly domain: string | undefined;
  readonly cluster: string | undefined;
  /** The INFO as sent, unknown fields included. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Throws `WIRE_PROTOCOL` when the argument of INFO is not a JSON object. A missing field reads as its empty value. */
export function parseServerInfo(argument: string): ServerInfo {
  const raw = parseObject(argument);
  const text = (key: string) => (typeof raw[key] === "string" ? raw[key] : undefined);
  const number = (key: string) => (typeof raw[key] === "number" ? raw[key] : undefined);
  return {
    server_id: text("server_id") ?? "",
    server_name: text("server_name") ?? "",
    version: text("version") ?? "",
    proto: number("proto") ?? 0,
    host: text("host") ?? "",
    port: number("port") ?? 0,
    headers: raw["headers"] === true,
    max_payload: number("max_payload") ?? 0,
    jetstream: raw["jetstream"] === true,
    auth_required: raw["auth_required"] === true,
    tls_required: raw["tls_required"] === true,
    client_id: number("client_id"),
    api_lvl: number("api_lvl"),
    nonce: text("nonce"),
    domain: text("domain"),
    cluster: text("cluster"),
    raw,
  };
}

function parseObject(argument: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(argument);
  } catch (cause) {
    throw new WireError("WIRE_PROTOCOL", "INFO does not hold JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError("WIRE_PROTOCOL", "INFO does not hold a JSON object");
  }
  return { ...value };
}
