import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Parser, type ProtocolHandler, type Violation } from "./parser.ts";
import { PublishFrame } from "./publish-frame.ts";

const LIMITS = { maxControlLine: 64, maxPayload: 300 };

/** Writes down every call, with the bytes the ranges mean. */
class Recorder implements ProtocolHandler {
  readonly calls: string[] = [];
  connect = (json: Buffer): void => void this.calls.push(`connect ${json.toString("latin1")}`);
  info = (json: Buffer): void => void this.calls.push(`info ${json.toString("latin1")}`);
  ping = (): void => void this.calls.push("ping");
  pong = (): void => void this.calls.push("pong");
  subscribe = (subject: string, queue: string | undefined, sid: string): void => void this.calls.push(`sub ${subject} ${queue} ${sid}`);
  unsubscribe = (sid: string, max: number): void => void this.calls.push(`unsub ${sid} ${max}`);
  violation = (kind: Violation): void => void this.calls.push(`violation ${kind}`);
  publish = (frame: PublishFrame): void => {
    const text = (start: number, end: number) => frame.buffer.toString("latin1", start, end);
    this.calls.push(
      [
        "pub",
        text(frame.subjectStart, frame.subjectEnd),
        text(frame.replyStart, frame.replyEnd),
        text(frame.headerSizeStart, frame.headerSizeEnd),
        text(frame.sizeStart, frame.sizeEnd),
        text(frame.headersStart, frame.payloadStart),
        text(frame.payloadStart, frame.payloadEnd),
      ].join("|"),
    );
  };
}

function callsOf(text: string, cuts: readonly number[] = []): readonly string[] {
  const recorder = new Recorder();
  const parser = new Parser(recorder, new PublishFrame(), LIMITS);
  parser.headersAllowed = true;
  const bytes = Buffer.from(text, "latin1");
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    // The chunk turns to rubbish after the call, as a socket's buffer does.
    const chunk = Buffer.from(bytes.subarray(start, end));
    parser.parse(chunk);
    chunk.fill(0x7e);
    start = end;
  }
  return recorder.calls;
}

const token = fc.stringMatching(/^[a-z*>.]{1,8}$/);
const blanks = fc.constantFrom(" ", "\t", "  ", " \t ");
const lineEnd = fc.constantFrom("\r\n", "\n");
const payload = fc.string({ maxLength: 40, unit: "binary-ascii" });

const operation = fc.oneof(
  fc.tuple(blanks, token, fc.option(token), payload).map(([gap, subject, reply, data]) => {
    return `PUB${gap}${subject}${gap}${reply === null ? "" : reply + gap}${data.length}\r\n${data}\r\n`;
  }),
  fc.tuple(blanks, token, fc.option(token), payload, payload).map(([gap, subject, reply, headers, data]) => {
    return `hpub${gap}${subject}${gap}${reply === null ? "" : reply + gap}${headers.length}${gap}${headers.length + data.length}\r\n${headers}${data}\r\n`;
  }),
  fc.tuple(blanks, token, fc.option(token), token, lineEnd).map(([gap, subject, queue, sid, end]) => {
    return `SUB${gap}${subject}${gap}${queue === null ? "" : queue + gap}${sid}${end}`;
  }),
  fc.tuple(token, fc.option(fc.nat(99)), lineEnd).map(([sid, max, end]) => `UNSUB ${sid}${max === null ? "" : ` ${max}`}${end}`),
  fc.tuple(fc.constantFrom("PING", "PONG", "+OK", "ping", "PING and more"), lineEnd).map(([verb, end]) => verb + end),
  fc.tuple(fc.constantFrom("CONNECT ", "CONNECT", "INFO "), fc.constantFrom("{}", '{"a": 1}'), lineEnd).map((parts) => parts.join("")),
);

test("every split of a valid conversation gives the same calls", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 12 }), (operations, cuts) => {
      const text = operations.join("");
      expect(callsOf(text, cuts)).toEqual(callsOf(text));
    }),
    { numRuns: 400 },
  );
});

test("a conversation sent byte by byte gives the same calls", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (operations) => {
      const text = operations.join("");
      expect(
        callsOf(
          text,
          Array.from(text, (_, at) => at),
        ),
      ).toEqual(callsOf(text));
    }),
    { numRuns: 100 },
  );
});

test("every split of a conversation with broken bytes gives the same calls", () => {
  const damage = fc.tuple(fc.nat(4000), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(operation, { minLength: 1, maxLength: 6 }),
      fc.array(damage, { maxLength: 3 }),
      fc.array(fc.nat(2000), { maxLength: 8 }),
      (operations, damages, cuts) => {
        const bytes = Buffer.from(operations.join(""), "latin1");
        for (const [place, byte] of damages) {
          bytes[place % bytes.length] = byte;
        }
        const text = bytes.toString("latin1");
        expect(callsOf(text, cuts)).toEqual(callsOf(text));
      },
    ),
    { numRuns: 400 },
  );
});

test("a subject's hash is that of its bytes, wherever its line was cut and whatever stood before it", () => {
  expect(callsOf("PUB some.subject 0\r\n\r\n")[0]).toContain("pub|some.subject|");
  expect(callsOf("PUB some.subject 0\r\n\r\n", [6])[0]).toContain("pub|some.subject|");
  expect(callsOf("PUB \nsome.subject 0\r\n\r\n")[0]).toContain("pub|some.subject|");
});

test("a byte that fits no operation is refused before its line ends", () => {
  expect(callsOf("F")).toEqual(["violation unknown-operation"]);
  expect(callsOf("PING\r\nPX")).toEqual(["ping", "violation unknown-operation"]);
  expect(callsOf("MSG a 1 1\r\n")).toEqual(["violation unknown-operation"]);
  expect(callsOf("\r\n")).toEqual(["violation unknown-operation"]);
});

test("a payload must be followed by exactly CR LF", () => {
  expect(callsOf("PUB a 1\r\nx\n")).toEqual(["violation unknown-operation"]);
  expect(callsOf("PUB a 1\r\nxy")).toEqual(["violation unknown-operation"]);
  expect(callsOf("PUB a 1\r\nx\ry")).toEqual(["violation unknown-operation"]);
});

test("wrong argument counts and sizes end the connection without a word", () => {
  const lines = ["PUB a\r\n", "PUB a b c 1\r\n", "PUB a x\r\n", "PUB a -1\r\n", "PUB a 0000000001\r\n", "SUB a\r\n", "SUB a b c d\r\n"];
  for (const line of [...lines, "UNSUB 1 2 3\r\n", "HPUB a 1\r\n", "HPUB a 3 2\r\n", "-ERR 'x'\r\n"]) {
    expect(callsOf(line), line).toEqual(["violation silent"]);
  }
});

test("HPUB without negotiated headers ends the connection without a word", () => {
  const recorder = new Recorder();
  new Parser(recorder, new PublishFrame(), LIMITS).parse(Buffer.from("HPUB a 2 2\r\nab\r\n"));
  expect(recorder.calls).toEqual(["violation silent"]);
});

test("the control line limit counts the arguments and nothing else", () => {
  const longest = `SUB ${"a".repeat(LIMITS.maxControlLine - 2)} 1\r\n`;
  expect(callsOf(longest)).toHaveLength(1);
  expect(callsOf(longest)[0]).toContain("sub a");
  expect(callsOf(`SUB ${"a".repeat(LIMITS.maxControlLine - 1)} 1\r\n`)).toEqual(["violation control-line-too-long"]);
  expect(callsOf(`CONNECT ${" ".repeat(500)}{}\r\n`)).toEqual(["connect {}"]);
  expect(callsOf(`PING ${"a".repeat(500)}\r\n`)).toEqual(["ping"]);
});

test("an endless line is refused without its end", () => {
  expect(callsOf(`SUB ${"a".repeat(LIMITS.maxControlLine + 2)}`)).toEqual(["violation control-line-too-long"]);
});

test("a payload above the limit is refused right after its control line", () => {
  expect(callsOf("PUB a 301\r\n")).toEqual(["violation payload-too-large"]);
  expect(callsOf(`PUB a 300\r\n${"x".repeat(300)}\r\n`)).toHaveLength(1);
});

test("nothing is handed over after a violation or a stop", () => {
  expect(callsOf("F\r\nPING\r\n", [1])).toEqual(["violation unknown-operation"]);
  const recorder = new Recorder();
  const parser = new Parser(recorder, new PublishFrame(), LIMITS);
  recorder.ping = () => parser.stop();
  parser.parse(Buffer.from("PING\r\nPONG\r\n"));
  expect(recorder.calls).toEqual([]);
});

test("before a CONNECT that is expected nothing else is heard", () => {
  for (const text of ["PING\r\n", "P", "x"]) {
    const recorder = new Recorder();
    const parser = new Parser(recorder, new PublishFrame(), LIMITS);
    parser.connectExpected = true;
    parser.parse(Buffer.from(text));
    expect(recorder.calls).toEqual(["violation connect-expected"]);
  }
});
