/**
 * Sockets of a listener that read into one buffer shared by all of them.
 *
 * Node gives each read 64 KiB of its own, and their number drives the garbage collector: under a load of publishes a fifth of the server's
 * processor time. `onread` spares that, but Node offers it to clients only, so an accepted connection is moved to a socket made here. That
 * takes the handle of the accepted socket, as Node itself does when it passes a socket to another process. Should Node ever hide it, sockets
 * read as usual.
 */
import { Socket, type SocketConstructorOpts } from "node:net";

/** Also the most that one read takes: what several clients sent in one turn is taken with few system calls. */
const READ_BYTES = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** The connection of `accepted`, which must be paused since it was made. `read` gets bytes that are valid during the call. */
export function readShared(accepted: Socket, read: (bytes: Buffer) => void): Socket {
  // Neither name is in Node's types. The listener counts its connections by the second one.
  const handle: unknown = Reflect.get(accepted, "_handle");
  const listener: unknown = Reflect.get(accepted, "_server");
  if (typeof handle !== "object" || handle === null) {
    accepted.on("data", read);
    return accepted;
  }
  Reflect.set(accepted, "_handle", null);
  const options: SocketConstructorOpts = {
    onread: {
      buffer: shared,
      callback: (length) => {
        read(shared.subarray(0, length));
        return true;
      },
    },
  };
  Reflect.set(options, "handle", handle);
  const socket = new Socket(options);
  Reflect.set(socket, "_server", listener);
  socket.resume();
  return socket;
}
