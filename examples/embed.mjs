// A JetStream server inside a test process: `npm install streamproof nats && node embed.mjs`.
import { connect } from "nats";
import { startServer } from "streamproof/reference";

const server = await startServer();
const connection = await connect({ servers: server.url });

const manager = await connection.jetstreamManager();
await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"] });

const jetstream = connection.jetstream();
const first = await jetstream.publish("orders.new", "one pot of tea", { msgID: "order-1" });
const again = await jetstream.publish("orders.new", "one pot of tea", { msgID: "order-1" });
process.stdout.write(`stored as ${first.seq}; sent again: duplicate=${again.duplicate}\n`);

await connection.close();
await server.stop();
if (first.seq !== 1 || !again.duplicate) {
  throw new Error("the server did not de-duplicate");
}
