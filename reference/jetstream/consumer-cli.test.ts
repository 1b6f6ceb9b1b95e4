/** The Go command line client on this server. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ComparedServer, findNatsCommand, startReference } from "./consumer-servers.contract.ts";

const run = promisify(execFile);

const command = findNatsCommand();

describe.skipIf(command === undefined)("the nats command (skipped unless it is installed)", () => {
  let server: ComparedServer;

  beforeAll(async () => {
    server = await startReference();
    await nats("stream", "add", "S", "--subjects", "s.>", "--defaults");
    await nats("pub", "s.a", "hello", "--count", "3");
  }, 30_000);

  afterAll(() => server.stop());

  async function nats(...words: string[]): Promise<string> {
    const { stdout, stderr } = await run(command ?? "", ["--server", server.url, ...words], { timeout: 15_000 });
    return stdout + stderr;
  }

  async function info(): Promise<unknown> {
    const { stdout } = await run(command ?? "", ["--server", server.url, "consumer", "info", "S", "C", "--json"], { timeout: 15_000 });
    return JSON.parse(stdout);
  }

  test("adds a consumer, takes messages from it, and shows and removes it", async () => {
    expect(await nats("consumer", "add", "S", "C", "--pull", "--defaults")).toContain("Pull Mode: true");
    const taken = await nats("consumer", "next", "S", "C", "--count", "2");
    expect(taken).toContain("tries: 1 / cons seq: 2 / str seq: 2 / pending: 1");
    expect(taken.match(/Acknowledged message/g)).toHaveLength(2);
    expect(await info()).toMatchObject({ num_pending: 1, num_ack_pending: 0, ack_floor: { stream_seq: 2 } });
    expect(await nats("consumer", "ls", "S")).toContain("C");
    await nats("consumer", "rm", "S", "C", "-f");
    await expect(info()).rejects.toThrow(/could not select Consumer/);
  }, 60_000);
});
