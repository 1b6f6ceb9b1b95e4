/** The monitoring pages: a path in, a reply out. Figures come from the status, the transport from `io/`. */
import { jsz } from "./jsz.ts";
import type { ServerStatus } from "./server-status.ts";
import { storez } from "./storez.ts";
import { varz } from "./varz.ts";

export interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_HEADERS = { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" };
const INDEX = `<html lang="en">
<head><title>streamproof reference server</title></head>
<body>
<h1>streamproof reference server</h1>
<ul>
<li><a href="./varz">General</a></li>
<li><a href="./jsz">JetStream</a></li>
<li><a href="./storez">Store</a></li>
<li><a href="./healthz">Health</a></li>
</ul>
</body>
</html>
`;

export class MonitorPages {
  readonly #status: (requests: ReadonlyMap<string, number>) => ServerStatus;
  readonly #requests = new Map<string, number>();

  constructor(status: (requests: ReadonlyMap<string, number>) => ServerStatus) {
    this.#status = status;
  }

  reply(path: string, query: URLSearchParams): PageReply {
    switch (path) {
      case "/":
        this.#count(path);
        return { status: 200, headers: { "Content-Type": "text/html; charset=utf-8" }, body: INDEX };
      case "/varz":
        return this.#json(path, varz);
      case "/jsz":
        return this.#jsz(path, query);
      case "/storez":
        return this.#json(path, storez);
      case "/healthz":
        return this.#healthz(path, query);
      default:
        return {
          status: 404,
          headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
          body: "404 page not found\n",
        };
    }
  }

  #json(path: string, page: (status: ServerStatus) => Record<string, unknown>): PageReply {
    this.#count(path);
    return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(page(this.#status(this.#requests)), null, 2) };
  }

  #jsz(path: string, query: URLSearchParams): PageReply {
    // Details by account, stream and consumer are not there yet; leaving them out silently would look like an empty server.
    const unsupported = [...query.keys()].find((key) => key !== "acc" && isSet(query, key));
    if (unsupported !== undefined) {
      return {
        status: 400,
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        body: `'${unsupported}' is not supported by this server yet\n`,
      };
    }
    return this.#json(path, jsz);
  }

  #healthz(path: string, query: URLSearchParams): PageReply {
    this.#count(path);
    const { jetStream } = this.#status(this.#requests);
    const wanted = isSet(query, "js-enabled-only") || isSet(query, "js-enabled");
    const trouble = jetStream === undefined ? (wanted ? "JetStream not enabled" : undefined) : jetStream.trouble;
    const degraded = jetStream?.degraded;
    if (trouble === undefined && degraded !== undefined) {
      // Not a 503: everything else is served, and whoever restarts a server for a 503 would restart this one for ever.
      const body = JSON.stringify({ status: "degraded", error: degraded.reason, details: degraded.details });
      return { status: 200, headers: JSON_HEADERS, body };
    }
    if (trouble === undefined) {
      return { status: 200, headers: JSON_HEADERS, body: `{"status":"ok"}` };
    }
    return { status: 503, headers: JSON_HEADERS, body: JSON.stringify({ status: "unavailable", error: trouble }) };
  }

  #count(path: string): void {
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
  }
}

function isSet(query: URLSearchParams, key: string): boolean {
  const value = query.get(key);
  return value !== null && !["", "0", "f", "F", "false", "FALSE", "False"].includes(value);
}
