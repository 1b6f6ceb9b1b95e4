import { expect, test } from "vitest";
import { SimulatedNet } from "./simulated-net.ts";

test("nothing arrives that a machine writes after it died, and what it wrote before stays received", async () => {
  let isUp = true;
  const net = new SimulatedNet(() => isUp);
  await net.listen({ host: "127.0.0.1", port: 1 }, () => undefined);
  const peer = net.connect(1);
  peer.socket.write(Buffer.from("before"));
  isUp = false;
  expect(peer.socket.write(Buffer.from(" after"))).toBe(0);
  expect(peer.takeReceived()).toBe("before");
});
