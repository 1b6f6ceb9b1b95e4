/**
 * The same requests to the official server and to this one: the answers are compared byte for byte, with times masked. A field
 * that one of them alone adds, drops or words otherwise fails here.
 */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CrashableDisk } from "../../sim/crashable-disk.ts";
import { JetStreamFixture, type Reply } from "../jetstream-fixture.contract.ts";
import { scenarios } from "./official-scenarios.contract.ts";
import { findOfficialServer, OfficialServer } from "./official-server.contract.ts";
import { renamed, type TextStep } from "./official-steps.contract.ts";

const VERSION = "2.15.2";
const NAME = "fixture";
const command = findOfficialServer(VERSION);

/** Every stream is asked for with this storage unless the step names one. */
function withStorage([subject, text, headers]: TextStep, storage: string): TextStep {
  const isConfig = /^\$JS\.API\.STREAM\.(CREATE|UPDATE)\./.test(subject);
  const isOpen = isConfig && !text.includes('"storage"');
  const stored = isOpen ? text.replace(/^\{"(name|NAME)":"(\w+)",/, `{"$1":"$2","storage":"${storage}",`) : text;
  return headers === undefined ? [subject, stored] : [subject, stored, headers];
}

/**
 * The official server tells its consumers of a message a moment after it answered the publish, so that what one says right then may lack it. Both are
 * asked again, because each request counts in the statistics.
 */
const countsLater = /^\$JS\.API\.CONSUMER\.INFO\./;
const countedWithinMs = 5_000;

/** An official file stream that never had a message tells sequence 0 as deleted. */
const DELETED_BEFORE_FIRST = '"num_deleted":1,"deleted":[0],';

function masked(replies: readonly Reply[]): readonly string[] {
  return replies.map(({ headers, data }) =>
    (headers + data)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => (time.startsWith("0001") ? time : "TIME"))
      .replace(DELETED_BEFORE_FIRST, "")
      .replace(/"memory":\d+,"storage":\d+/, '"memory":N,"storage":N'),
  );
}

describe.skipIf(command === undefined)(`the official server ${VERSION} (skipped unless it is installed)`, () => {
  describe.each(["memory", "file"])("with %s storage", (storage) => {
    let official: OfficialServer;
    // One for all scenarios, as the official server is, so that the API statistics have to agree at the end too.
    let fixture: JetStreamFixture;

    beforeAll(async () => {
      official = await OfficialServer.start(command ?? "", NAME);
      fixture = await JetStreamFixture.onDisk(new CrashableDisk(), { limits: { maxMemory: 1e12, maxFile: 1e12 } });
      // Without a stream that stays, the official server may fail to create one while it still clears away the last.
      const keep = JSON.stringify({ name: "KEEP", storage: "file" });
      await official.ask("$JS.API.STREAM.CREATE.KEEP", keep);
      fixture.request("$JS.API.STREAM.CREATE.KEEP", keep);
    }, 30_000);

    afterAll(() => official.stop());

    test.each(Object.entries(scenarios).map(([title, steps], index) => [title, steps, index] as const))(
      "answers the same: %s",
      async (_title, steps, index) => {
        const theirs: (readonly [string, readonly string[]])[] = [];
        const ours: (readonly [string, readonly string[]])[] = [];
        for (const step of steps) {
          const [subject, body, headers] = withStorage(renamed(step, `${index}`), storage);
          const asked = `${subject} ${body.slice(0, 200)} ${headers === undefined ? "" : JSON.stringify(headers)}`;
          const deadline = performance.now() + countedWithinMs;
          let answers: readonly (readonly string[])[];
          do {
            answers = [masked(await official.ask(subject, body, headers)), masked(fixture.requestAll(subject, body, headers))];
          } while (countsLater.test(subject) && !isDeepStrictEqual(answers[0], answers[1]) && performance.now() < deadline);
          theirs.push([asked, answers[0] ?? []]);
          ours.push([asked, answers[1] ?? []]);
        }
        expect(ours).toEqual(theirs);
      },
      60_000,
    );
  });
});
