/** HTTP on the real machine, for the monitoring pages. */
import type { Listener } from "../ports.ts";

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpHandler = (path: string, query: URLSearchParams) => HttpReply;

/** The module is loaded here: importing it costs a tenth of the server's start, and most servers have no monitoring port. */
export async function listenHttp({ host, port }: { host: string; port: number }, handle: HttpHandler): Promise<Listener> {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const url = URL.canParse(request.url ?? "/", "http://server") ? new URL(request.url ?? "/", "http://server") : undefined;
    const reply = url === undefined ? { status: 400, headers: {}, body: "400 Bad Request\n" } : handle(url.pathname, url.searchParams);
    response.writeHead(reply.status, { ...reply.headers, "Content-Length": Buffer.byteLength(reply.body) });
    response.end(request.method === "HEAD" ? undefined : reply.body);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.removeListener("error", reject);
      const address = server.address();
      resolve({
        host,
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
