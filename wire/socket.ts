/** Opens a TCP socket inside a deadline. Nothing of the protocol is known here. */
import net from "node:net";
import { WireError } from "./errors.ts";

export interface OpenOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export function openSocket(options: OpenOptions): Promise<net.Socket> {
  const { host, port, timeoutMs, signal } = options;
  if (signal?.aborted === true) {
    return Promise.reject(new WireError("WIRE_ABORTED", "the connection attempt was aborted", { cause: signal.reason }));
  }
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true });
    const settle = (error?: WireError) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect);
      socket.off("error", onError);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => settle(new WireError("WIRE_ABORTED", "the connection attempt was aborted", { cause: signal?.reason }));
    const timer = setTimeout(() => {
      settle(new WireError("WIRE_UNREACHABLE", `no connection to ${host}:${port} within ${timeoutMs} ms`));
    }, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    const onConnect = () => settle();
    const onError = (cause: Error) => {
      settle(new WireError("WIRE_UNREACHABLE", `no connection to ${host}:${port}: ${cause.message}`, { cause }));
    };
    socket.on("connect", onConnect);
    socket.on("error", onError);
  });
}
