/** The wire against the official server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, type ConnectOptions, connect } from "./connection.ts";
import { Headers } from "./headers.ts";
import { findOfficialServer, type OfficialServer, startOfficialServer } from "./official-server.ts";
import { openRaw } from "./raw-connection.ts";

const executable = findOfficialServer();

// Skipped with this reason: no nats-server was found at NATS_SERVER, on PATH or in ~/go/bin.
describe.skipIf(executable === undefined)("with the official server", () => {
  let server: OfficialServer;
  let url: string;
  const opened: Connection[] = [];

  async function open(options: Partial<ConnectOptions> = {}): Promise<Connection> {
    const connection = await connect({ url, user: "ann", password: "secret", ...options });
    opened.push(connection);
    return connection;
  }

  beforeAll(async () => {
    server = await startOfficialServer(executable ?? "", ["--user", "ann", "--pass", "secret"]);
    url = server.url;
  });

  afterAll(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await server[Symbol.asyncDispose]();
  });

  test("wrong credentials are an authorization error", async () => {
    await expect(open({ password: "wrong" })).rejects.toMatchObject({ code: "WIRE_AUTHORIZATION", serverError: "Authorization Violation" });
  });

  test("messages with headers, replies and queue groups arrive unchanged", async () => {
    const connection = await open();
    const plain = connection.subscribe("a.>");
    const queued = [connection.subscribe("a.b", { queue: "q" }), connection.subscribe("a.b", { queue: "q" })];
    const headers = new Headers([
      ["X", "1"],
      ["x", "2"],
      ["X", "3"],
    ]);
    connection.publish({ subject: "a.b", reply: "r", headers, payload: Buffer.from([0, 13, 10, 255]) });
    const message = await plain.next();
    expect(message).toMatchObject({ subject: "a.b", reply: "r", sid: plain.sid, status: undefined });
    expect([...message.payload]).toEqual([0, 13, 10, 255]);
    expect([...(message.headers ?? [])]).toEqual([...headers]);
    await connection.flush();
    expect(queued.map((subscription) => subscription.pending).sort((a, b) => a - b)).toEqual([0, 1]);
  });

  test("an unsubscribe with a maximum ends the iteration after that many messages", async () => {
    const connection = await open();
    const subscription = connection.subscribe("m", { max: 3 });
    for (let index = 0; index < 10; index++) {
      connection.publish({ subject: "m", payload: String(index) });
    }
    const texts: string[] = [];
    for await (const message of subscription) {
      texts.push(message.text());
    }
    expect(texts).toEqual(["0", "1", "2"]);
    await expect(subscription.next()).rejects.toMatchObject({ code: "WIRE_CLOSED" });
  });

  test("requests share one inbox; one that nobody answers says so at once", async () => {
    const connection = await open({ trace: true });
    connection.subscribe("echo", {
      onMessage: (message) => connection.publish({ subject: message.reply ?? "", payload: message.payload }),
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => connection.request({ subject: "echo", payload: String(index) })),
    );
    expect(answers.map((answer) => answer.text())).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
    await expect(connection.request({ subject: "nobody" })).rejects.toMatchObject({ code: "WIRE_NO_RESPONDERS" });
    expect(connection.trace().filter((frame) => frame.direction === "sent" && frame.text.startsWith("SUB _INBOX"))).toHaveLength(1);
  });

  test("a JetStream request is answered in JSON", async () => {
    const connection = await open();
    const answer = await connection.request({ subject: "$JS.API.INFO" });
    expect(answer.json()).toMatchObject({ type: "io.nats.jetstream.api.v1.account_info_response" });
  });

  test("pre-encoded frames and positions carry 20,000 messages without an object a message", async () => {
    const connection = await open();
    let sum = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    connection.subscribe("load.*", {
      onFrame: (frame) => {
        sum += frame.bytes[frame.payloadStart] ?? 0;
        count++;
        if (count === 20_000) {
          resolve();
        }
      },
    });
    connection.publishEncoded(Buffer.from("PUB load.x 1\r\na\r\n".repeat(20_000)));
    await promise;
    expect(sum).toBe(20_000 * "a".charCodeAt(0));
  });

  test("a message of a megabyte arrives whole", async () => {
    const connection = await open();
    const subscription = connection.subscribe("big");
    const payload = Buffer.alloc(1024 * 1024, "abcdefg");
    connection.publish({ subject: "big", payload });
    expect(payload.equals((await subscription.next()).payload)).toBe(true);
  });

  test("echo off, verbose and -ERR are seen", async () => {
    const connection = await open({ echo: false, verbose: true });
    const subscription = connection.subscribe("self");
    connection.publish({ subject: "self" });
    connection.sendRaw("SUB a..b 99\r\n");
    await connection.flush();
    expect(subscription.pending).toBe(0);
    expect(connection.okCount).toBe(2);
    expect(connection.serverErrors).toEqual(["Invalid Subject"]);
  });

  test("a raw connection sends nothing by itself and sees what malformed bytes cause", async () => {
    const raw = await openRaw({ url, trace: true });
    expect((await raw.nextFrame()).verb).toBe("INFO");
    await expect(raw.nextFrame({ timeoutMs: 20 })).rejects.toMatchObject({ code: "WIRE_TIMEOUT" });
    raw.send("BOGUS\r\n");
    expect((await raw.nextFrame()).line).toMatch(/^-ERR '(Authorization Violation|Unknown Protocol Operation)'$/);
    expect(await raw.ended).toMatchObject({ by: "server" });
    await expect(raw.nextFrame()).rejects.toMatchObject({ code: "WIRE_DISCONNECTED" });
    expect(raw.trace().map((frame) => frame.direction)).toEqual(["received", "sent", "received"]);
  });

  test("a killed connection rejects what waits", async () => {
    const connection = await open();
    const waiting = connection.subscribe("never").next();
    connection.sendRaw("-ERR 'bye'\r\n");
    await expect(waiting).rejects.toMatchObject({ code: "WIRE_DISCONNECTED" });
  });
});
