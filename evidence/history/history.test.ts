import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HistoryFile } from "./history-file.ts";
import { parseHistory } from "./history-parser.ts";
import { HistoryWriter } from "./history-writer.ts";
import { digestOf } from "./message-digest.ts";
import { subjectMatches } from "./subject-filter.ts";

const publishOp = { kind: "publish", stream: "S", subject: "s.a", digest: "d1" } as const;

function written(): { lines: string[]; writer: HistoryWriter } {
  const lines: string[] = [];
  let now = 100;
  const writer = new HistoryWriter({ sink: { write: (line) => lines.push(line) }, now: () => (now += 1.5) });
  writer.run({ workload: "w", target: "t", seed: 1, settings: { sync_interval: "always" } });
  return { lines, writer };
}

test("what a writer wrote is read back as the same history", () => {
  const { lines, writer } = written();
  const id = writer.invoke(1, { ...publishOp, msgId: "m" });
  writer.ok(id, { seq: "18446744073709551615" });
  writer.info(writer.invoke(2, { kind: "purge", stream: "S", keep: 3 }), "timeout");
  writer.fault("kill9", { happened: true, summary: "gone", details: { oldPid: 1, clean: false } });
  writer.epoch(2, 70);
  writer.read({ stream: "S", seq: "1", subject: "s.a", digest: "d1" });
  writer.readEnd({ stream: "S", complete: true, firstSeq: "1", lastSeq: "1", messages: 1 });
  writer.consumerRead({ stream: "S", consumer: "C", ackFloorSeq: "0", redelivered: ["1"] });
  writer.note("done");
  const parsed = parseHistory(lines.join(""));
  expect(parsed.events).toEqual(writer.history().events);
  expect(parsed.acknowledged("S").map((ack) => ack.seq)).toEqual(["18446744073709551615"]);
  expect(parsed.readBackComplete).toBe(true);
  expect(parsed.of("purge")[0]).toMatchObject({ outcome: "info" });
});

test("a batch, a get, deliveries and figures are read back as they were written, and a batch counts as its publishes", () => {
  const { lines, writer } = written();
  const message = { subject: "s.a", digest: "d", msgId: "m", expectLastSubjectSeq: "0", expectLastSubjectFilter: "s.*" } as const;
  const batch = { kind: "publish-batch", stream: "S", batch: "b", messages: [message, { ...message, digest: "e" }] } as const;
  writer.ok(writer.invoke(1, batch), { seq: "9" });
  writer.ok(writer.invoke(1, { kind: "get", stream: "S", subject: "s.a" }), {
    message: { seq: "9", subject: "s.a", digest: "e", time: "1764000000000000000" },
  });
  writer.ok(writer.invoke(1, { kind: "get", stream: "S", seq: "3", direct: true }), { absent: true });
  const settings = { ackPolicy: "explicit", ackWaitMs: 500, deliver: { startSeq: "4" }, filters: ["s.a"] } as const;
  writer.ok(writer.invoke(1, { kind: "create-consumer", stream: "S", consumer: "C", settings }));
  writer.delivery({ process: 2, stream: "S", consumer: "C", seq: "8", subject: "s.a", digest: "d", consumerSeq: "1", delivered: 1 });
  writer.ok(writer.invoke(1, { kind: "stream-info", stream: "S" }), {
    figures: { lastSeq: "9", perSubject: { "s.a": 2 }, subjects: 1, deleted: 0 },
  });
  writer.ok(writer.invoke(1, { kind: "consumer-info", stream: "S", consumer: "C" }), { state: { ackFloorSeq: "0", pending: 1 } });
  writer.consumerRead({ stream: "S", consumer: "C", quiet: true, pending: 1, ackPending: 1, redeliveredPending: 0 });
  writer.info(writer.invoke(2, { kind: "nak", stream: "S", consumer: "C", seq: "8", delayMs: 5 }), "not confirmed");
  const parsed = parseHistory(lines.join(""));
  expect(parsed.events).toEqual(writer.history().events);
  const publishes = parsed.of("publish").map(({ seq, batch: place }) => [seq, place?.position]);
  expect(publishes).toEqual([
    ["8", 1],
    ["9", 2],
  ]);
});

test("a get that was answered has to say what it found", () => {
  const { writer } = written();
  const get = (): number => writer.invoke(1, { kind: "get", stream: "S", seq: "1" });
  expect(() => writer.ok(get())).toThrow(/message or says|gives a message/);
  expect(() => writer.ok(get(), { absent: true, message: { seq: "1", subject: "s.a", digest: "d" } })).toThrow(/gives a message/);
});

test("time never goes back, even when the clock does", () => {
  const times = [10, 12, 11, 15];
  const writer = new HistoryWriter({ now: () => times.shift() ?? 15 });
  writer.note("a");
  writer.note("b");
  writer.note("c");
  expect(writer.history().events.map((event) => event.at)).toEqual([2, 2, 5]);
});

test("ending an operation twice, or one that never began, is refused", () => {
  const { writer } = written();
  const id = writer.invoke(1, publishOp);
  writer.ok(id, { seq: "1" });
  expect(() => writer.ok(id, { seq: "2" })).toThrow(/already ended/);
  expect(() => writer.fail(99, { description: "no" })).toThrow(/never began/);
  expect(() => writer.ok(writer.invoke(1, publishOp))).toThrow(/names its sequence/);
});

test("operations that are open at a cut end as unknown", () => {
  const { writer } = written();
  writer.invoke(1, publishOp);
  writer.invoke(2, publishOp);
  expect(writer.abandonOpen("disconnected")).toBe(2);
  expect(writer.abandonOpen("disconnected")).toBe(0);
  expect(writer.history().operations.map((record) => record.outcome)).toEqual(["info", "info"]);
});

test.each([
  ['{"type":"note","at":1,"text":"a"}\n{"type":"nonsense","at":2}', /^line 2: type/],
  ['{"type":"note","at":1}', /^line 1: text/],
  ['{"type":"note","at":1,"text":"a","extra":1}', /^line 1: event: .*extra/],
  ['{"type":"read","at":1,"stream":"S","seq":7}', /^line 1: seq/],
  ['{"type":"read","at":1,"stream":"S","seq":"-1"}', /^line 1: seq/],
  ['{"type":"invoke","at":1,"id":1,"process":1,"op":{"kind":"publish","stream":"S","subject":"a"}}', /^line 1: op\.digest/],
  ['{"type":"note","at":5,"text":"a"}\n{"type":"note","at":4,"text":"b"}', /^line 2: at: 4 lies before/],
  ['{"type":"ok","at":5,"id":3,"seq":"1"}', /^line 1: id: operation 3 never began/],
  ['{"type":"note"\n{"type":"note","at":4,"text":"b"}', /^line 1: not JSON/],
])("the parser names line and field of %s", (text, says) => {
  expect(() => parseHistory(text)).toThrow(says);
  expect(() => parseHistory(text)).toThrow(expect.objectContaining({ code: "HISTORY_INVALID" }));
});

test("a last line that was torn off is dropped, and what stands before it is kept", () => {
  const history = parseHistory('{"type":"note","at":1,"text":"a"}\n{"type":"no');
  expect(history.events).toHaveLength(1);
});

test("of several read-backs of a stream the last one counts, and one without an end is incomplete", () => {
  const { writer } = written();
  writer.read({ stream: "S", seq: "1", digest: "old" });
  writer.readEnd({ stream: "S", complete: true });
  writer.read({ stream: "S", seq: "2", digest: "new" });
  expect([...writer.history().readBack("S").keys()]).toEqual(["2"]);
  expect(writer.history().lastReadBack("S")?.complete).toBe(false);
  writer.readEnd({ stream: "S", complete: true });
  expect(writer.history().readBacks("S")).toHaveLength(2);
  expect(writer.history().lastReadBack("S")?.complete).toBe(true);
});

test("a history file holds every line once it is closed", () => {
  const folder = mkdtempSync(join(tmpdir(), "history-"));
  try {
    const path = join(folder, "run.ndjson");
    const file = new HistoryFile(path);
    const writer = new HistoryWriter({ sink: file });
    for (let index = 0; index < 2000; index += 1) {
      writer.note(`note ${index} ${"x".repeat(50)}`);
    }
    file.close();
    file.close();
    expect(parseHistory(readFileSync(path, "utf8")).events).toEqual(writer.history().events);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a digest depends on headers and payload, not on what a direct get adds", () => {
  const payload = Buffer.from("one");
  const plain = digestOf({ payload });
  expect(plain).toMatch(/^[0-9a-f]{16}$/);
  expect(
    digestOf({
      headers: [
        ["Nats-Sequence", "1"],
        ["Nats-Stream", "S"],
      ],
      payload,
    }),
  ).toBe(plain);
  expect(digestOf({ headers: [["Nats-Msg-Id", "m"]], payload })).not.toBe(plain);
  expect(digestOf({ headers: [["a", "bc"]], payload })).not.toBe(digestOf({ headers: [["ab", "c"]], payload }));
});

test.each([
  ["a.b", "a.b", true],
  ["a.*", "a.b", true],
  ["a.*", "a.b.c", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  [">", "a", true],
  ["a.b", "a", false],
  ["a", "a.b", false],
])("filter %s on subject %s: %s", (filter, subject, matches) => {
  expect(subjectMatches(filter, subject)).toBe(matches);
});
