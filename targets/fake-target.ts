/**
 * Targets for the tests of this room: a target file and a small server program in a temporary folder. The server speaks just enough of the
 * protocol to count as ready; what makes it special is written into it as a piece of program. Not part of the judge.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ResolvedTarget, type ResolveOptions, resolveTarget } from "./resolve.ts";

export interface FakeTarget extends Disposable {
  readonly file: string;
  readonly folder: string;
  resolve(options?: ResolveOptions): Promise<ResolvedTarget>;
}

export interface FakeOptions {
  /** Runs before the server listens; `data` is its data folder, `fs` and `net` are there. */
  readonly before?: string;
  /** Instead of the server that listens. */
  readonly program?: string;
  /** The answer to every request that is not `$JS.API.INFO`; none by default. */
  readonly answer?: string;
  /** Lines at the end of the target file. */
  readonly yaml?: string;
}

export function makeFakeTarget(options: FakeOptions = {}): FakeTarget {
  const folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
  const file = join(folder, "fake.yaml");
  writeFileSync(join(folder, "server.mjs"), programOf(options));
  writeFileSync(
    file,
    `target: fake\nabout: A server for tests.\ncommand: ["{node}", "{here}/server.mjs", "{port}", "{data}"]\n${options.yaml ?? ""}`,
  );
  return {
    file,
    folder,
    resolve: (resolveOptions) => resolveTarget("fake", { ...resolveOptions, targetFile: file }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function programOf({ before = "", program, answer }: FakeOptions): string {
  const head = `import fs from "node:fs";
import net from "node:net";
import { spawn } from "node:child_process";
import { argv } from "node:process";
const [port, data] = argv.slice(2);
const answer = ${answer === undefined ? "undefined" : JSON.stringify(answer)};
${before}
`;
  return head + (program ?? listening);
}

const listening = `
const account = JSON.stringify({ type: "io.nats.jetstream.api.v1.account_info_response", api: { level: 3 } });
const server = net.createServer((socket) => {
  let text = "";
  let sid = "";
  const reply = (subject, body) => socket.write("MSG " + subject + " " + sid + " " + body.length + "\\r\\n" + body + "\\r\\n");
  const line = (words) => {
    if (words[0] === "PING") socket.write("PONG\\r\\n");
    if (words[0] === "SUB") sid = words.at(-1);
    if (words[0] === "PUB" && words[1] === "$JS.API.INFO") reply(words[2], account);
    else if (words[0] === "PUB" && answer !== undefined) reply(words[2], answer);
  };
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    const lines = (text + chunk).split("\\r\\n");
    text = lines.pop();
    for (const each of lines) line(each.split(" "));
  });
  socket.write('INFO {"server_id":"F","server_name":"fake","version":"1.2.3","headers":true,"max_payload":1048576}\\r\\n');
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening as process " + process.pid + "\\n"));
`;
