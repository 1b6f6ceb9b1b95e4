import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { type ConnectOptions, connect, type Message } from "./connection.ts";
import { WireError } from "./errors.ts";
import { Headers } from "./headers.ts";
import { answerPings, scriptedInfo, startScriptedServer } from "./scripted-server.ts";

const quick = 150;

function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof WireError ? error.code : error),
  );
}

async function connectTo(server: { url: string }, options: Partial<ConnectOptions> = {}) {
  return connect({ url: server.url, ...options });
}

test("CONNECT carries the options and the credentials of the URL", async () => {
  await using server = await startScriptedServer();
  const url = server.url.replace("//", "//ann:s%40crt@");
  const connection = await connect({ url, name: "n", verbose: true, pedantic: true, echo: false, headers: false, trace: true });
  const sent: unknown = JSON.parse(/^CONNECT (.*)\r\n/.exec(server.heard())?.[1] ?? "");
  expect(sent).toMatchObject({ user: "ann", pass: "s@crt", name: "n", verbose: true, pedantic: true, echo: false });
  expect(sent).toMatchObject({ headers: false, no_responders: false });
  expect(
    connection
      .trace()
      .map((frame) => frame.text)
      .join("\n"),
  ).not.toContain("s@crt");
  await connection.close();
});

test("publishes of one turn leave together and in order", async () => {
  const reads: string[] = [];
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      reads.push(text);
      answerPings(text, socket);
    },
  });
  const connection = await connectTo(server);
  for (let index = 0; index < 50; index++) {
    connection.publish({ subject: "a", payload: String(index) });
  }
  connection.publish({ subject: "a", reply: "r", headers: new Headers({ k: "v" }), payload: "é" });
  await server.untilHeard("HPUB a r 18 20\r\nNATS/1.0\r\nk: v\r\n\r\n");
  expect(reads.filter((text) => text.includes("PUB a"))).toHaveLength(1);
  expect([...server.heard().matchAll(/PUB a \d\r\n(\d+)\r\n/g)].map((match) => Number(match[1]))).toEqual(
    Array.from({ length: 50 }, (_, index) => index),
  );
  await connection.close();
});

test("messages that are kept stay what they were when the read buffer, which all connections share, is used again", async () => {
  const sockets: Socket[] = [];
  await using server = await startScriptedServer({
    onConnection: (socket) => {
      sockets.push(socket);
      socket.write(scriptedInfo);
    },
  });
  const connections = [await connectTo(server), await connectTo(server)];
  const subscriptions = connections.map((connection) => connection.subscribe("a"));
  await Promise.all(connections.map((connection) => connection.flush()));
  const kept: Message[] = [];
  for (let round = 0; round < 6; round++) {
    const index = round % 2;
    // The second half of each message comes in a read of its own, after one of the other connection.
    const text = `MSG a 1 r${round} 40\r\n${String(round).repeat(40)}\r\n`;
    sockets[index]?.write(text.slice(0, 30));
    sockets[1 - index]?.write("PING\r\n");
    await server.untilHeard("PONG\r\n".repeat(round + 1));
    sockets[index]?.write(text.slice(30));
    kept.push((await subscriptions[index]?.next())!);
  }
  expect(kept.map((message) => [message.reply, message.text()])).toEqual(
    Array.from({ length: 6 }, (_, round) => [`r${round}`, String(round).repeat(40)]),
  );
  await Promise.all(connections.map((connection) => connection.close()));
});

test("a PING of the server is answered", async () => {
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      answerPings(text, socket);
      if (text.includes("SUB go")) {
        socket.write("PING\r\n");
      }
    },
  });
  const connection = await connectTo(server);
  connection.subscribe("go");
  await server.untilHeard("\r\nPONG\r\n");
  await connection.close();
});

test.each([
  ["silent", { onConnection: () => undefined }, "WIRE_TIMEOUT"],
  ["silent after INFO", { onData: () => undefined }, "WIRE_TIMEOUT"],
  ["sending garbage", { onConnection: (socket) => socket.write("SSH-2.0-OpenSSH_9\r\n") }, "WIRE_PROTOCOL"],
  ["sending half an INFO", { onConnection: (socket) => socket.write('INFO {"a"') }, "WIRE_TIMEOUT"],
  ["sending an INFO without JSON", { onConnection: (socket) => socket.write("INFO nothing\r\n") }, "WIRE_PROTOCOL"],
  ["closing at once", { onConnection: (socket) => socket.end() }, "WIRE_DISCONNECTED"],
  ["closing after CONNECT", { onData: (_, socket) => socket.end() }, "WIRE_DISCONNECTED"],
  ["refusing the credentials", { onData: (_, socket) => socket.end("-ERR 'Authorization Violation'\r\n") }, "WIRE_AUTHORIZATION"],
  ["full", { onConnection: (socket) => socket.end("-ERR 'maximum connections exceeded'\r\n") }, "WIRE_REFUSED"],
  ["demanding TLS", { onConnection: (socket) => socket.write('INFO {"tls_required":true} \r\n') }, "WIRE_UNSUPPORTED"],
  ["sending a message too early", { onConnection: (socket) => socket.write("MSG a 1 0\r\n\r\n") }, "WIRE_PROTOCOL"],
] satisfies [string, Parameters<typeof startScriptedServer>[0], string][])(
  "connecting to a server that is %s ends in an error",
  async (_, script, code) => {
    await using server = await startScriptedServer(script);
    expect(await codeOf(connectTo(server, { timeoutMs: code === "WIRE_TIMEOUT" ? quick : 5000 }))).toBe(code);
  },
);

test("addresses that can't be used are refused with their own code", async () => {
  expect(await codeOf(connect({ url: "tls://127.0.0.1:1" }))).toBe("WIRE_UNSUPPORTED");
  expect(await codeOf(connect({ url: "http://127.0.0.1:1" }))).toBe("WIRE_ADDRESS_INVALID");
  expect(await codeOf(connect({ url: "nats://" }))).toBe("WIRE_ADDRESS_INVALID");
  const server = await startScriptedServer();
  await server[Symbol.asyncDispose]();
  expect(await codeOf(connectTo(server))).toBe("WIRE_UNREACHABLE");
});

test("an aborted signal ends the handshake", async () => {
  await using server = await startScriptedServer({ onConnection: () => undefined });
  const controller = new AbortController();
  const attempt = codeOf(connectTo(server, { signal: controller.signal }));
  controller.abort();
  expect(await attempt).toBe("WIRE_ABORTED");
  expect(await codeOf(connectTo(server, { signal: controller.signal }))).toBe("WIRE_ABORTED");
});

test("an INFO sent right behind the first PONG is not lost", async () => {
  let greeted = false;
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      if (greeted) {
        answerPings(text, socket);
        return;
      }
      greeted = true;
      socket.write('PONG\r\nINFO {"server_name":"second"} \r\n');
    },
  });
  const connection = await connectTo(server);
  await connection.flush();
  expect(connection.info.server_name).toBe("second");
  await connection.close();
});

test("everything that waits is rejected when the server goes, and closed tells why", async () => {
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      if (text.includes("PUB bye")) {
        socket.end("-ERR 'Stale Connection'\r\n");
        return;
      }
      answerPings(text, socket);
    },
  });
  const connection = await connectTo(server);
  const subscription = connection.subscribe("a");
  const waits = [codeOf(subscription.next()), codeOf(connection.request({ subject: "bye" })), codeOf(connection.flush())];
  expect(await Promise.all(waits)).toEqual(["WIRE_DISCONNECTED", "WIRE_DISCONNECTED", "WIRE_DISCONNECTED"]);
  const reason = await connection.closed;
  expect(reason.by).toBe("server");
  expect(reason.error.serverError).toBe("Stale Connection");
  expect(connection.serverErrors).toEqual(["Stale Connection"]);
  expect(() => connection.publish({ subject: "a" })).toThrow(WireError);
  await connection.close();
});

test("garbage after the handshake closes the connection as a protocol failure", async () => {
  await using server = await startScriptedServer({
    onData: (text, socket) => (text.includes("SUB") ? socket.write("MSG a 1 99999999999\r\n") : answerPings(text, socket)),
  });
  const connection = await connectTo(server);
  connection.subscribe("a");
  expect(await connection.closed).toMatchObject({ by: "failure", error: { code: "WIRE_PROTOCOL" } });
});

test("waits for a silent server end at their deadline", async () => {
  let greeted = false;
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      if (!greeted) {
        greeted = true;
        answerPings(text, socket);
      }
    },
  });
  const connection = await connectTo(server);
  const timeoutMs = 30;
  const waits = [
    connection.subscribe("a").next({ timeoutMs }),
    connection.request({ subject: "b" }, { timeoutMs }),
    connection.flush({ timeoutMs }),
  ];
  expect(await Promise.all(waits.map(codeOf))).toEqual(["WIRE_TIMEOUT", "WIRE_TIMEOUT", "WIRE_TIMEOUT"]);
  await connection.close();
});

test("a server that does not read makes drained wait, and fail at the deadline", async () => {
  await using server = await startScriptedServer({
    onData: (text, socket) => {
      answerPings(text, socket);
      socket.pause();
    },
  });
  const connection = await connectTo(server);
  await connection.drained();
  const megabyte = Buffer.alloc(1024 * 1024);
  for (let index = 0; index < 32; index++) {
    connection.publish({ subject: "a", payload: megabyte });
  }
  expect(await codeOf(connection.drained({ timeoutMs: quick }))).toBe("WIRE_TIMEOUT");
  expect(() => {
    for (let index = 0; index < 300; index++) {
      connection.publish({ subject: "a", payload: megabyte });
    }
  }).toThrow(expect.objectContaining({ code: "WIRE_OVERFLOW" }));
  await connection.close();
});

test("arguments that would break a frame are refused before anything is sent", async () => {
  await using server = await startScriptedServer();
  const connection = await connectTo(server);
  for (const subject of ["", "a b", "a\r\nPING"]) {
    expect(() => connection.publish({ subject })).toThrow(expect.objectContaining({ code: "WIRE_ARGUMENT_INVALID" }));
    expect(() => connection.subscribe(subject)).toThrow(expect.objectContaining({ code: "WIRE_ARGUMENT_INVALID" }));
    expect(await codeOf(connection.request({ subject }))).toBe("WIRE_ARGUMENT_INVALID");
  }
  await connection.close();
});

test("messages that arrived before the end are read before its error; iteration throws it", async () => {
  await using server = await startScriptedServer({
    onData: (text, socket) => (text.includes("SUB a 1") ? socket.end("MSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n") : answerPings(text, socket)),
  });
  const connection = await connectTo(server);
  const subscription = connection.subscribe("a");
  await connection.closed;
  expect(subscription.pending).toBe(2);
  const texts: string[] = [];
  const iteration = (async () => {
    for await (const message of subscription) {
      texts.push(message.text());
    }
  })();
  expect(await codeOf(iteration)).toBe("WIRE_DISCONNECTED");
  expect(texts).toEqual(["x", "y"]);
});

test("the trace shows both directions and is bounded", async () => {
  await using server = await startScriptedServer();
  const connection = await connectTo(server, { trace: true, name: "judge" });
  expect(connection.trace()[0]).toMatchObject({ direction: "received", connection: "judge", text: scriptedInfo.trim() });
  connection.clearTrace();
  connection.publish({ subject: "a", payload: `\u0001${"x".repeat(2000)}` });
  expect(connection.trace()[0]?.text).toMatch(/^PUB a 2001␍␊\\x01x+… \(2015 bytes\)$/);
  for (let index = 0; index < 10_000; index++) {
    connection.publish({ subject: "a" });
  }
  expect(connection.trace().length).toBeLessThanOrEqual(4096);
  await connection.close();
});
