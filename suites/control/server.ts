/**
 * The control's program: a server that says yes to every publish and keeps nothing safely. Its place and its name come from the environment, as
 * the target file beside it sets them.
 */
import { createServer, type Socket } from "node:net";
import { ClientFrames, type PublishFrame } from "./client-frames.ts";
import { UnsafeStreams } from "./unsafe-streams.ts";

const {
  CONTROL_HOST = "127.0.0.1",
  CONTROL_PORT = "0",
  CONTROL_DATA = ".",
  CONTROL_NAME = "control",
  CONTROL_KEEP = "memory",
} = process.env;

const streams = new UnsafeStreams({
  ...(CONTROL_KEEP === "memory" ? {} : { folder: CONTROL_DATA }),
  careless: CONTROL_KEEP === "careless",
});
const info = {
  server_id: CONTROL_NAME,
  server_name: CONTROL_NAME,
  version: "2.15.2",
  proto: 1,
  headers: true,
  host: CONTROL_HOST,
  port: Number(CONTROL_PORT),
  max_payload: 1_048_576,
  jetstream: true,
};

const server = createServer({ noDelay: true }, (socket) => serve(socket));
server.listen(Number(CONTROL_PORT), CONTROL_HOST);
// Ends at once and saves nothing, whatever asks for the end: that is what a control is for.
process.once("SIGTERM", () => process.kill(process.pid, "SIGKILL"));

function serve(socket: Socket): void {
  const subscriptions = new Map<string, string>();
  const frames = new ClientFrames({
    ping: () => void socket.write("PONG\r\n"),
    subscribe: (subject, sid) => void subscriptions.set(sid, subject),
    unsubscribe: (sid) => void subscriptions.delete(sid),
    publish: (frame) => answer(frame, (reply, body) => deliver(socket, subscriptions, { reply, body })),
  });
  socket.on("data", (chunk: Buffer) => frames.push(chunk));
  socket.on("error", () => socket.destroy());
  socket.write(`INFO ${JSON.stringify(info)}\r\n`);
}

function answer({ subject, reply, headers, payload }: PublishFrame, send: (reply: string, body: string | undefined) => void): void {
  const api = subject.startsWith("$JS.API.");
  const body = api ? streams.api(subject.slice("$JS.API.".length), payload.toString("utf8")) : streams.publish(subject, headers, payload);
  if (reply !== "") {
    send(reply, body === undefined ? undefined : JSON.stringify(body));
  }
}

/** Only the asker's own inbox gets an answer; nobody here subscribes to anything else. */
function deliver(
  socket: Socket,
  subscriptions: ReadonlyMap<string, string>,
  { reply, body }: { reply: string; body: string | undefined },
): void {
  for (const [sid, pattern] of subscriptions) {
    if (reply.startsWith(pattern.replace(/\*$/, ""))) {
      const noResponders = "NATS/1.0 503\r\n\r\n";
      socket.write(
        body === undefined
          ? `HMSG ${reply} ${sid} ${noResponders.length} ${noResponders.length}\r\n${noResponders}\r\n`
          : `MSG ${reply} ${sid} ${Buffer.byteLength(body)}\r\n${body}\r\n`,
      );
    }
  }
}
