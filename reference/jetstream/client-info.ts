/** A client as advisories name it. */
import type { ClientIdentity } from "../broker/service.ts";
import { formatTime } from "./json/time.ts";

export function clientInfo(client: ClientIdentity, { account, server }: { account: string; server: string }): Record<string, unknown> {
  return {
    start: formatTime(client.startedNs),
    host: client.host,
    id: client.id,
    acc: account,
    user: client.user,
    name: client.name,
    lang: client.lang,
    ver: client.version,
    server,
    kind: "Client",
    client_type: "nats",
  };
}
