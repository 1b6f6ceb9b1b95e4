/**
 * A port that stays ours through all lives of a server. It is taken below the range from which systems choose ports for outgoing
 * connections, so that none of those grabs it while the server is down; the walk starts at a place that differs from process to process.
 * Other runs of this tool look for ports in the same way, and a server that is down holds none: on Linux an abstract Unix socket named
 * after the port tells them, which the kernel frees however this process ends.
 */
import net from "node:net";

const first = 20_000;
const count = 10_000;
let next = (process.pid * 61) % count;

export interface PortClaim {
  readonly port: number;
  /** Idempotent. */
  release(): void;
}

/** Rejects when every port of the range is taken. `from` is the first one to try. */
export async function claimPort(host: string, from = first + next): Promise<PortClaim> {
  for (let tried = 0; tried < count; tried++) {
    const at = (from - first + tried) % count;
    next = (at + 1) % count;
    const port = first + at;
    const claim = await claimed(port);
    if (claim !== undefined && (await canListen(host, port))) {
      return claim;
    }
    claim?.release();
  }
  throw new Error(`no free port between ${first} and ${first + count}`);
}

export async function canListen(host: string, port: number): Promise<boolean> {
  const server = await listening({ host, port, exclusive: true });
  server?.close();
  return server !== undefined;
}

async function claimed(port: number): Promise<PortClaim | undefined> {
  if (process.platform !== "linux") {
    return { port, release: () => undefined };
  }
  const holder = await listening({ path: `\0streamproof-port-${port}` });
  return holder === undefined ? undefined : { port, release: () => void holder.close() };
}

async function listening(where: net.ListenOptions): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}
