/**
 * A port that stays ours through all lives of a server. It is taken below the range from which systems choose ports for outgoing
 * connections, so that none of those grabs it while the server is down; the walk starts at a place that differs from process to process.
 */
import net from "node:net";

const first = 20_000;
const count = 10_000;
let next = (process.pid * 61) % count;

export async function freePort(host: string): Promise<number> {
  for (let tried = 0; tried < count; tried++) {
    const port = first + next;
    next = (next + 1) % count;
    if (await canListen(host, port)) {
      return port;
    }
  }
  throw new Error(`no free port between ${first} and ${first + count}`);
}

export async function canListen(host: string, port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
