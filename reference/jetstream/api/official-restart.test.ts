/** What both servers answer after a restart on the same files, to the requests that followed on what they had been told before. */
import { describe, expect, test } from "vitest";
import { CrashableDisk } from "../../sim/crashable-disk.ts";
import { JetStreamFixture, type Reply } from "../jetstream-fixture.contract.ts";
import { afterRestart, beforeRestart } from "./official-sequences.contract.ts";
import { findOfficialServer, OfficialServer } from "./official-server.contract.ts";
import { renamed, type Step, type TextStep } from "./official-steps.contract.ts";

const VERSION = "2.15.2";
const NAME = "fixture";
const command = findOfficialServer(VERSION);

type Ask = (...step: TextStep) => Promise<readonly Reply[]> | readonly Reply[];

async function told(ask: Ask, steps: readonly Step[]): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const step of steps) {
    const [subject, body, headers] = renamed(step, "");
    const replies = await (headers === undefined ? ask(subject, body) : ask(subject, body, headers));
    all.push([`${subject} ${body}`, replies.map((reply) => (reply.headers + reply.data).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"))]);
  }
  return all;
}

describe.skipIf(command === undefined)(`the official server ${VERSION} (skipped unless it is installed)`, () => {
  test("answers the same after a restart: sequences beyond 2^53", async () => {
    const official = await OfficialServer.start(command ?? "", NAME);
    try {
      const disk = new CrashableDisk();
      const before = await JetStreamFixture.onDisk(disk);
      await told((subject, body, headers) => official.ask(subject, body, headers), beforeRestart);
      await told((subject, body, headers) => before.requestAll(subject, body, headers), beforeRestart);
      await official.restart();
      await before.store.close();
      const after = await JetStreamFixture.onDisk(disk, { clock: before.clock });
      const theirs = await told((subject, body, headers) => official.ask(subject, body, headers), afterRestart);
      expect(await told((subject, body, headers) => after.requestAll(subject, body, headers), afterRestart)).toEqual(theirs);
    } finally {
      await official.stop();
    }
  }, 60_000);
});
