/** The Go command line client with push consumers on this server. */
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ComparedServer, findNatsCommand, startReference } from "./consumer-servers.contract.ts";

const run = promisify(execFile);

const command = findNatsCommand();
const patienceMs = 15_000;

describe.skipIf(command === undefined)("the nats command (skipped unless it is installed)", () => {
  let server: ComparedServer;

  beforeAll(async () => {
    server = await startReference();
    await nats("stream", "add", "S", "--subjects", "s.>", "--defaults");
    await nats("pub", "s.a", "hello", "--count", "3");
  }, 30_000);

  afterAll(() => server.stop());

  async function nats(...words: string[]): Promise<string> {
    const { stdout, stderr } = await run(command ?? "", ["--server", server.url, ...words], { timeout: patienceMs });
    return stdout + stderr;
  }

  /** A command without an end: runs until its output is as wanted; `meanwhile` is called with each new output. */
  async function watch(
    words: readonly string[],
    isEnough: (output: string) => boolean,
    meanwhile: (output: string) => void,
  ): Promise<string> {
    const child = spawn(command ?? "", ["--server", server.url, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`after ${patienceMs} ms there was only: ${output}`)), patienceMs);
        const take = (chunk: Buffer): void => {
          output += chunk.toString();
          meanwhile(output);
          if (isEnough(output)) {
            clearTimeout(timer);
            resolve();
          }
        };
        child.stdout.on("data", take);
        child.stderr.on("data", take);
      });
    } finally {
      child.kill("SIGKILL");
    }
    return output;
  }

  test("adds a push consumer and receives from it", async () => {
    const added = await nats("consumer", "add", "S", "P", "--target", "to.here", "--heartbeat", "1s", "--flow-control", "--defaults");
    expect(added).toContain("Delivery Subject: to.here");
    expect(added).toContain("Active Interest: No interest");
    const received = await watch(
      ["consumer", "sub", "S", "P", "--ack"],
      (output) => output.includes("str seq: 3 / pending: 0"),
      () => {},
    );
    expect(received).toContain("tries: 1 / cons seq: 1 / str seq: 1 / pending: 2");
  }, 60_000);

  test("subscribes to a stream from its beginning", async () => {
    const received = await nats("sub", "--stream", "S", "--all", "--count", "3");
    expect(received.match(/Received JetStream message: stream: S seq: \d/g)).toHaveLength(3);
  }, 60_000);

  test("watches a bucket", async () => {
    await nats("kv", "add", "B");
    await nats("kv", "put", "B", "k", "v1");
    let isPut = false;
    const watched = await watch(
      ["kv", "watch", "B"],
      (output) => output.includes("PUT B > k: v2"),
      (output) => {
        if (!isPut && output.includes("PUT B > k: v1")) {
          isPut = true;
          void nats("kv", "put", "B", "k", "v2");
        }
      },
    );
    expect(watched).toContain("PUT B > k: v1");
  }, 60_000);
});
