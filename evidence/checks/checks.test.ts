import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { HistoryEvent, ReadEvent } from "../history/events.ts";
import { History } from "../history/history.ts";
import { NaiveServer, spoil } from "./naive-server.ts";
import { checks, judgeHistory } from "./registry.ts";

/** Commands for the naive server; numbers choose among what exists. */
type Command =
  | {
      readonly do: "publish";
      readonly process: number;
      readonly id: number | undefined;
      readonly subject: string;
      readonly expect: "stream" | "subject" | undefined;
      readonly answer: "ok" | "fail" | "stored-unanswered" | "dropped-unanswered";
    }
  | { readonly do: "delete" | "purge" | "confirm"; readonly pick: number }
  | { readonly do: "crash" | "recreate" | "observe" };

const publishing = fc.record({
  do: fc.constant("publish" as const),
  process: fc.integer({ min: 1, max: 3 }),
  id: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  subject: fc.constantFrom("s.a", "s.b"),
  expect: fc.constantFrom(undefined, undefined, "stream" as const, "subject" as const),
  answer: fc.constantFrom(
    "ok" as const,
    "ok" as const,
    "ok" as const,
    "fail" as const,
    "stored-unanswered" as const,
    "dropped-unanswered" as const,
  ),
});
const removing = fc.record({ do: fc.constantFrom("delete" as const, "purge" as const, "confirm" as const), pick: fc.nat(1000) });
const restarting = fc.record({ do: fc.constantFrom("crash" as const, "recreate" as const, "observe" as const) });
const commands = fc.array(
  fc.oneof({ weight: 12, arbitrary: publishing }, { weight: 3, arbitrary: removing }, { weight: 1, arbitrary: restarting }),
  {
    maxLength: 60,
  },
);

function run(script: readonly Command[]): History {
  const server = new NaiveServer();
  for (const command of script) {
    perform(server, command);
  }
  server.publish({ expect: "stream" });
  server.observe();
  server.confirm("C", server.sequences.at(-1) ?? "1");
  return server.finish();
}

function perform(server: NaiveServer, command: Command): void {
  if (command.do === "publish") {
    // A body of its own for each id and each sending.
    server.publish({
      process: command.process,
      subject: command.subject,
      answer: command.answer,
      ...(command.expect === undefined ? {} : { expect: command.expect }),
      ...(command.id === undefined ? {} : { msgId: `m${command.id}` }),
    });
  } else if (!("pick" in command)) {
    server[command.do]();
  } else {
    const seq = server.sequences[command.pick % Math.max(1, server.sequences.length)];
    if (seq !== undefined) {
      act(server, command.do, seq);
    }
  }
}

function act(server: NaiveServer, what: "delete" | "purge" | "confirm", seq: string): void {
  if (what === "delete") {
    server.deleteMessage(seq);
  } else if (what === "purge") {
    server.purge(seq);
  } else {
    server.confirm("C", seq);
  }
}

/** A read chosen by number, among those that were acknowledged as new and are certainly not removed. */
function acknowledgedReads(history: History): string[] {
  const removed = history.of("purge").length + history.of("delete-message").length + history.of("delete-stream").length > 0;
  return removed ? [] : [...history.readBack("S").keys()].filter((seq) => history.ownersOf("S", seq).length > 0);
}

const isRead = (event: HistoryEvent, seq: string | undefined): boolean => event.type === "read" && event.seq === seq;
const outcomeOf = (id: string, history: History): string | undefined => checks[id]?.judge(history).outcome;

/** What the naive server's histories hold something for; `mutations.test.ts` has sound histories for every check. */
const fed = [
  "acked-changes-kept",
  "confirmed-acks-kept",
  "gaps-explained",
  "info-agrees",
  "no-acked-loss",
  "no-duplicates",
  "no-phantoms",
  "observed-stays",
  "order-per-writer",
  "preconditions-hold",
  "real-time-order",
  "sequences-never-reused",
];

test("every check that a server without faults feeds passes on whatever a server without faults did", () => {
  fc.assert(
    fc.property(commands, (script) => {
      const { verdicts, outcome } = judgeHistory(run(script), fed);
      const notPassed = Object.entries(verdicts).filter(([, verdict]) => verdict.outcome !== "pass");
      expect(notPassed).toEqual([]);
      expect(outcome).toBe("pass");
    }),
    { numRuns: 600 },
  );
});

const spoilers: readonly {
  readonly says: string;
  readonly caughtBy: string;
  readonly spoil: (history: History, seq: string) => History;
}[] = [
  {
    says: "a message that is gone",
    caughtBy: "no-acked-loss",
    spoil: (history, seq) => spoil(history, (event) => (isRead(event, seq) ? undefined : event)),
  },
  {
    says: "a message that answers with an error",
    caughtBy: "no-acked-loss",
    spoil: (history, seq) =>
      spoil(history, (event) => (isRead(event, seq) ? { type: "read", at: event.at, stream: "S", seq, problem: "damaged" } : event)),
  },
  {
    says: "a message with other bytes",
    caughtBy: "no-phantoms",
    spoil: (history, seq) =>
      spoil(history, (event) => (event.type === "read" && event.seq === seq ? { ...event, digest: "flipped" } : event)),
  },
  {
    says: "a message with another subject",
    caughtBy: "no-phantoms",
    spoil: (history, seq) =>
      spoil(history, (event) => (event.type === "read" && event.seq === seq ? { ...event, subject: "s.other" } : event)),
  },
  {
    says: "a message stored twice",
    caughtBy: "no-duplicates",
    spoil: duplicated,
  },
  {
    says: "a last sequence that fell",
    caughtBy: "sequences-never-reused",
    spoil: (history) => spoil(history, (event) => (event.type === "read-end" ? { ...event, lastSeq: "0" } : event)),
  },
  {
    says: "a confirmed message delivered again",
    caughtBy: "confirmed-acks-kept",
    spoil: (history) => {
      const seq = history.of("ack")[0]?.op.seq ?? "";
      return spoil(history, (event) => (event.type === "consumer-read" ? { ...event, redelivered: [seq] } : event));
    },
  },
  {
    says: "a message seen earlier and gone later",
    caughtBy: "observed-stays",
    spoil: (history, seq) =>
      spoil(history, (event) => (event.type === "read" && event.seq === seq && lastReads(history).includes(event) ? undefined : event)),
  },
  {
    says: "a message more than the stream counts",
    caughtBy: "info-agrees",
    spoil: (history) => spoil(history, (event) => (event.type === "read-end" ? { ...event, messages: 0 } : event)),
  },
  {
    says: "a last sequence that was not the expected one",
    caughtBy: "preconditions-hold",
    spoil: (history) =>
      spoil(history, (event) =>
        event.type === "invoke" && event.op.kind === "publish" && event.op.expectLastSeq !== undefined
          ? { ...event, op: { ...event.op, expectLastSeq: "1000" } }
          : event,
      ),
  },
  {
    says: "a stream that is gone",
    caughtBy: "acked-changes-kept",
    spoil: (history) => spoil(history, (event) => (event.type === "read-end" ? { ...event, missing: true } : event)),
  },
];

function duplicated(history: History, seq: string): History {
  const copies = lastReads(history)
    .filter((read) => read.seq === seq)
    .map((read) => ({ ...read, seq: "100000" }));
  return History.of(
    history.events.toSpliced(
      history.events.findLastIndex((event) => event.type === "read-end"),
      0,
      ...copies,
    ),
  );
}

function lastReads(history: History): readonly ReadEvent[] {
  return history.lastReadBack("S")?.reads ?? [];
}

for (const spoiler of spoilers) {
  test(`${spoiler.says} is caught by ${spoiler.caughtBy}, wherever it stands`, () => {
    fc.assert(
      fc.property(commands, fc.nat(1000), (script, pick) => {
        const history = run(script);
        const reads = acknowledgedReads(history);
        const seq = reads[pick % Math.max(1, reads.length)];
        fc.pre(seq !== undefined);
        const spoiled = spoiler.spoil(history, seq ?? "");
        const verdict = checks[spoiler.caughtBy]?.judge(spoiled);
        expect(verdict?.outcome).toBe("fail");
        expect(verdict?.witness.length).toBeGreaterThan(0);
        expect(verdict?.witness.length).toBeLessThanOrEqual(20);
      }),
      { numRuns: 150 },
    );
  });
}

test("exactly the acknowledged messages that are gone count as lost", () => {
  fc.assert(
    fc.property(commands, fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), (script, pattern) => {
      const history = run(script.filter((command) => command.do === "publish" || command.do === "crash" || command.do === "confirm"));
      let position = 0;
      const gone = new Set<string>();
      const spoiled = spoil(history, (event) => {
        position += event.type === "read" ? 1 : 0;
        if (event.type !== "read" || !lastReads(history).includes(event) || pattern[position % pattern.length] !== true) {
          return event;
        }
        gone.add(event.seq);
        return undefined;
      });
      const expected = history.acknowledged().filter((ack) => gone.has(ack.seq)).length;
      expect(checks["no-acked-loss"]?.judge(spoiled).figures["lost"]).toBe(expected);
    }),
    { numRuns: 200 },
  );
});

test("a run without evidence of its fault is inconclusive, and a loss in it still a loss", () => {
  const server = new NaiveServer();
  server.publish();
  server.writer.fault("power-cut", { happened: false, summary: "the old process still answers", details: {} });
  const clean = server.finish();
  expect(judgeHistory(clean, ["no-acked-loss"])).toMatchObject({
    outcome: "inconclusive",
    summary: expect.stringContaining("no evidence"),
  });

  const lossy = spoil(clean, (event) => (event.type === "read" ? undefined : event));
  expect(judgeHistory(lossy, ["no-acked-loss"]).outcome).toBe("fail");
});

test("a check that throws, an unknown check and no check at all are inconclusive", () => {
  const history = run([]);
  const broken = spoil(history, (event) => (event.type === "ok" && event.seq !== undefined ? { ...event, seq: "no number" } : event));
  expect(judgeHistory(broken, ["gaps-explained"])).toMatchObject({
    outcome: "inconclusive",
    summary: expect.stringContaining("check itself"),
  });
  expect(judgeHistory(history, ["no-such-check"]).outcome).toBe("inconclusive");
  expect(judgeHistory(history, []).outcome).toBe("inconclusive");
});

test("the worst verdict decides, and its witness is told", () => {
  const server = new NaiveServer();
  server.publish();
  server.crash();
  const lossy = spoil(server.finish(), (event) => (event.type === "read" ? undefined : event));
  const judgement = judgeHistory(lossy, ["no-phantoms", "confirmed-acks-kept", "no-acked-loss"]);
  expect(judgement.outcome).toBe("fail");
  expect(judgement.summary).toMatch(/^no-acked-loss: 1 of 1/);
  expect(judgement.witness.map((line) => line.replace(/^\S+\s+/, ""))).toEqual([
    "client 1: publish s.a to S, digest digest-1 → acknowledged seq 1",
    "fault kill9: pid 10 gone, 11 answers",
    "sequence 1 of S is absent; the stream has 1 to 1",
  ]);
  expect(outcomeOf("confirmed-acks-kept", lossy)).toBe("inconclusive");
});
