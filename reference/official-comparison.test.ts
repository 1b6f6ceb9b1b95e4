/**
 * The same bytes to the official server and to ours: what comes back is compared byte for byte, ids masked. Every script ends with a PING
 * or with the server hanging up, so nothing waits for silence.
 */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningServer, startServer } from "./index.ts";
import { findOfficialServer, noOfficialServer, ServerProcess } from "./official-server.contract.ts";

const official = findOfficialServer();

/** Our server, and the official one's process, on the same settings. */
interface Pair {
  readonly ours: RunningServer;
  readonly theirs: ServerProcess | undefined;
  readonly theirPort: number;
}

let open: Pair;
let locked: Pair;

async function startPair(credentials: { user?: string; password?: string; token?: string }, flags: readonly string[]): Promise<Pair> {
  const ours = await startServer({ jetstream: false, ...credentials });
  const theirs = official === undefined ? undefined : new ServerProcess(official, ["-a", "127.0.0.1", "-p", "-1", ...flags]);
  return { ours, theirs, theirPort: (await theirs?.port()) ?? 0 };
}

beforeAll(async () => {
  open = await startPair({}, []);
  locked = await startPair({ user: "joe", password: "secret" }, ["--user", "joe", "--pass", "secret"]);
});

afterAll(async () => {
  for (const { ours, theirs } of [open, locked]) {
    await ours.stop();
    await theirs?.stop();
  }
});

const DEADLINE_MS = 15_000;

/** Sends the script when the greeting is there; ends with the last PONG that the script asks for, or when the server hangs up. */
function converse(port: number, script: string, pieceLength: number): Promise<string> {
  const pongs = /\nping\r?\n$/i.test(`\n${script}`) ? (script.match(/^ping/gim)?.length ?? 0) : 0;
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const timer = setTimeout(() => reject(new Error(`no end of ${JSON.stringify(script)} in ${JSON.stringify(received)}`)), DEADLINE_MS);
    let received = "";
    let greeted = false;
    const finish = (how: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`${masked(received)}<${how}>`);
    };
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => finish("closed"));
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      if (!greeted && received.includes("\r\n")) {
        greeted = true;
        sendPieces(socket, Buffer.from(script, "latin1"), pieceLength);
      }
      if (pongs > 0 && (received.match(/PONG\r\n/g)?.length ?? 0) >= pongs) {
        // A PONG is the last thing said, but for the INFO that follows the first one.
        setImmediate(() => finish("open"));
      }
    });
  });
}

function sendPieces(socket: ReturnType<typeof connect>, bytes: Buffer, pieceLength: number): void {
  for (let at = 0; at < bytes.length; at += pieceLength) {
    socket.write(bytes.subarray(at, at + pieceLength));
  }
}

/** INFO lines differ by nature; what of them is shared has a test of its own. */
function masked(received: string): string {
  return received.replaceAll(/INFO \{[^\r]*\} \r\n/g, "INFO\r\n");
}

const quiet = 'CONNECT {"verbose":false,"pedantic":false}\r\n';
const headers = 'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';
const ping = "PING\r\n";

const scripts: Readonly<Record<string, string>> = {
  "a PING before CONNECT": ping,
  "an HTTP request": "GET / HTTP/1.1\r\n\r\n",
  "one wrong byte": "F",
  "an empty line": "\r\n",
  "a TLS client hello": "\u0016\u0003\u0001\u0002\u0000\u0001",
  "an empty CONNECT": `CONNECT {}\r\n${ping}`,
  "CONNECT without a blank": `CONNECT{}\r\n${ping}`,
  "CONNECT that is no JSON": "CONNECT {x\r\n",
  "CONNECT with a wrong type": 'CONNECT {"verbose":1}\r\n',
  "CONNECT null": `CONNECT null\r\n${ping}`,
  "CONNECT with an array": "CONNECT []\r\n",
  "CONNECT with keys in capitals": `CONNECT {"VERBOSE":false}\r\n${ping}`,
  "CONNECT of protocol 2": 'CONNECT {"verbose":false,"protocol":2}\r\n',
  "CONNECT of protocol -1": 'CONNECT {"verbose":false,"protocol":-1}\r\n',
  "no_responders without headers": 'CONNECT {"verbose":false,"no_responders":true}\r\n',
  "an account in CONNECT": 'CONNECT {"verbose":false,"account":"X"}\r\n',
  "credentials on an open server": `CONNECT {"verbose":false,"user":"x","pass":"y"}\r\n${ping}`,
  "a second CONNECT": `${quiet}SUB a 1\r\n${quiet}PUB a 1\r\nx\r\n${ping}`,
  "a second CONNECT that leaves out what the first set": `${quiet}CONNECT {}\r\n${ping}`,
  "lines that end with LF alone": "CONNECT {}\nSUB a 1\nPING\n",
  "a PING with more": "PING hello\r\nPING\r\n",
  "a PONG nobody asked for": `PONG\r\n${ping}`,
  "+OK from a client": `+OK\r\n${ping}`,
  "-ERR from a client": "-ERR 'x'\r\n",
  "INFO from a client": `INFO {}\r\n${ping}`,
  "INFO that is no JSON": "INFO x\r\n",
  "MSG from a client": "MSG a 1 1\r\n",
  "a route's subscription": "RS+ a\r\n",
  "an account's subscription": "A+ a\r\n",
  "everything verbose": `CONNECT {}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nUNSUB 9\r\n${ping}`,
  "publish and subscribe": `${quiet}SUB a 1\r\nPUB a 2\r\nhi\r\nPUB a r.x 2\r\nho\r\n${ping}`,
  "a size with leading zeros": `${quiet}SUB a 1\r\nPUB a 01\r\nx\r\nPUB a 000000001\r\nx\r\n${ping}`,
  "a size of ten digits": `${quiet}PUB a 0000000001\r\nx\r\n`,
  "an empty payload": `${quiet}SUB a 1\r\nPUB a 0\r\n\r\n${ping}`,
  "a negative size": `${quiet}PUB a -1\r\n\r\n`,
  "a size that is no number": `${quiet}PUB a x\r\n\r\n`,
  "PUB without arguments": `${quiet}PUB\r\n`,
  "PUB with a blank and nothing": `${quiet}PUB \r\n${ping}`,
  "PUB with one argument": `${quiet}PUB 1\r\n`,
  "PUB with four arguments": `${quiet}PUB a b c 1\r\n`,
  "a payload that ends with LF": `${quiet}PUB a 1\r\nx\nPING\r\n`,
  "a payload longer than its size": `${quiet}PUB a 1\r\nxx\r\nPING\r\n`,
  "tabs and runs of blanks": `${quiet}SUB\ta\t1\r\nPUB \t a \t 1 \r\nx\r\n${ping}`,
  "verbs in small letters": `connect {"verbose":false}\r\nsub a 1\r\npub a 1\r\nx\r\nping\r\nPING\r\n`,
  "headers without asking for them": `${quiet}HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
  headers: `${headers}SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nHPUB a r 012 0014\r\nNATS/1.0\r\n\r\nhi\r\n${ping}`,
  "headers larger than the message": `${headers}HPUB a 15 14\r\n`,
  "headers that are none": `${headers}SUB a 1\r\nHPUB a 2 4\r\nabcd\r\nHPUB a 0 4\r\nabcd\r\n${ping}`,
  "pedantic about subjects": `CONNECT {"verbose":false,"pedantic":true}\r\nSUB a.* 1\r\nPUB a.* 1\r\nx\r\nPUB a..b 1\r\nz\r\n${ping}`,
  "wildcards in a published subject": `${quiet}SUB a.* 1\r\nSUB a.b 3\r\nPUB a.* 1\r\nx\r\nPUB a.> 1\r\ny\r\n${ping}`,
  "empty tokens in a published subject": `${quiet}SUB > 2\r\nPUB a..b 1\r\nz\r\nPUB .a 1\r\nz\r\nPUB a. 1\r\nz\r\n${ping}`,
  "subscriptions to invalid subjects": `${quiet}SUB a..b 1\r\nSUB .a 2\r\nSUB a. 3\r\nSUB a.>.b 4\r\nSUB a*b 5\r\nSUB >a 6\r\nPUB a*b 1\r\nx\r\n${ping}`,
  "an invalid subject, verbose": `CONNECT {"pedantic":false}\r\nSUB a..b 1\r\nSUB a 1\r\n${ping}`,
  "a sid used twice": `CONNECT {"pedantic":false}\r\nSUB a 1\r\nSUB b 1\r\nPUB b 1\r\nx\r\nPUB a 1\r\ny\r\n${ping}`,
  "SUB with one argument": `${quiet}SUB a\r\n`,
  "SUB with four arguments": `${quiet}SUB a b c d\r\n`,
  "UNSUB with three arguments": `${quiet}UNSUB 1 2 3\r\n`,
  "UNSUB without arguments": `${quiet}UNSUB\r\n`,
  "a subscription with a limit": `${quiet}SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n${ping}`,
  "a limit that is reached already": `${quiet}SUB a 1\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nUNSUB 1 2\r\nPUB a 1\r\n3\r\n${ping}`,
  "a limit that is no number": `${quiet}SUB a 1\r\nUNSUB 1 x\r\nPUB a 1\r\n1\r\n${ping}`,
  "the reserved queue": `${quiet}SUB a _sys_ 1\r\n${ping}`,
  "no echo": `CONNECT {"verbose":false,"echo":false}\r\nSUB a 1\r\nPUB a 1\r\n1\r\n${ping}`,
  "no responders": `${headers}SUB r.* 7\r\nPUB nobody r.1 1\r\n1\r\n${ping}`,
  "no responders, and the reply is heard by nobody": `${headers}PUB nobody r.1 1\r\n1\r\n${ping}`,
  "no responders, and the reply is heard in a group": `${headers}SUB r.* q 7\r\nPUB nobody r.1 1\r\n1\r\n${ping}`,
  "no responders on a subscription with a limit": `${headers}SUB r.1 7\r\nUNSUB 7 1\r\nPUB nobody r.1 0\r\n\r\nPUB nobody r.1 0\r\n\r\n${ping}`,
  "reserved subjects": `${quiet}PUB _GR_.x 1\r\n1\r\nPUB $NRG.x 1\r\n1\r\nPUB a _R_.x 1\r\n1\r\nPUB _R_.x 1\r\n1\r\n${ping}`,
  "a reserved subject, verbose": `CONNECT {}\r\nPUB _GR_.x 1\r\n1\r\n${ping}`,
  "a payload above the maximum": `${quiet}PUB a 1048577\r\n`,
  "a message above the maximum by its headers": `${headers}HPUB a 12 1048577\r\n`,
  "a NUL in a subject": `${quiet}SUB a\u0000b 1\r\nPUB a\u0000b 1\r\nx\r\n${ping}`,
  "bytes that are no UTF-8": `${quiet}SUB a\u00ffb 1\r\nPUB a\u00ffb 1\r\nx\r\n${ping}`,
  "a system request that belongs to the system account": `${headers}SUB r.* 7\r\nPUB $SYS.REQ.SERVER.PING r.1 0\r\n\r\n${ping}`,
};

const large: Readonly<Record<string, string>> = {
  "the longest control line": `${quiet}SUB ${"a".repeat(4094)} 1\r\n${ping}`,
  "a control line that is too long": `${quiet}SUB ${"a".repeat(4095)} 1\r\n`,
  "a control line that is too long and has no end": `${quiet}SUB ${"a".repeat(4200)}`,
  "a CONNECT that is too long": `CONNECT {"verbose":false,"x":"${"a".repeat(5000)}"}\r\n`,
  "a long PING": `PING ${"a".repeat(5000)}\r\n${ping}`,
  "the largest payload": `${quiet}SUB a 1\r\nPUB a 1048576\r\n${"x".repeat(1_048_576)}\r\n${ping}`,
};

async function compare(pair: Pair, script: string): Promise<void> {
  const theirs = await converse(pair.theirPort, script, script.length);
  expect(await converse(pair.ours.port, script, script.length)).toBe(theirs);
}

for (const [name, script] of Object.entries({ ...scripts, ...large })) {
  test(`both servers answer alike to ${name}`, async ({ skip }) => {
    skip(official === undefined, noOfficialServer);
    await compare(open, script);
  });
}

test("our server answers the same however the bytes arrive", async () => {
  for (const [name, script] of Object.entries(scripts)) {
    const whole = await converse(open.ours.port, script, script.length);
    expect(await converse(open.ours.port, script, 3), name).toBe(whole);
  }
});

const credentials: Readonly<Record<string, string>> = {
  "the right password": `CONNECT {"verbose":true,"user":"joe","pass":"secret"}\r\n${ping}`,
  "a wrong password": 'CONNECT {"user":"joe","pass":"x"}\r\n',
  "an unknown user": 'CONNECT {"user":"ann","pass":"secret"}\r\n',
  "no credentials": "CONNECT {}\r\n",
  "something before CONNECT": "PING\r\n",
  "one byte before CONNECT": "P",
  "a token where a password is asked for": 'CONNECT {"auth_token":"secret"}\r\n',
};

for (const [name, script] of Object.entries(credentials)) {
  test(`both locked servers answer alike to ${name}`, async ({ skip }) => {
    skip(official === undefined, noOfficialServer);
    await compare(locked, script);
  });
}

test("INFO has the official server's fields in its order", async ({ skip }) => {
  skip(official === undefined, noOfficialServer);
  const ours = await greeting(open.ours.port);
  const theirs = await greeting(open.theirPort);
  // The one field we lack names the key that encrypts authentication callouts.
  expect(Object.keys(ours)).toEqual(Object.keys(theirs).filter((key) => key !== "xkey"));
  const same = ["version", "proto", "host", "headers", "max_payload", "client_ip", "api_lvl"];
  expect(Object.fromEntries(same.map((key) => [key, ours[key]]))).toEqual(Object.fromEntries(same.map((key) => [key, theirs[key]])));
  expect(ours["server_id"]).toMatch(/^N[A-Z2-7]{55}$/);
});

function greeting(port: number): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", (bytes) => {
      socket.destroy();
      const json: Record<string, unknown> = JSON.parse(bytes.toString().slice("INFO ".length));
      resolve(json);
    });
  });
}
