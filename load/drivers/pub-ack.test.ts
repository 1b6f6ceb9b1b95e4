import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameParser } from "../../wire/parser.ts";
import { PubAckReader } from "./pub-ack.ts";

/** With one reader for several answers, what it remembers of one must not colour the next. */
function read(
  payload: string,
  headers = "",
  reader = new PubAckReader(),
): { sequence: number; duplicate: boolean; error: string | undefined } {
  const parser = new FrameParser({ message: (frame) => reader.read(frame), control: () => undefined });
  const size = Buffer.byteLength(payload);
  const line = headers === "" ? `MSG a 1 ${size}` : `HMSG a 1 ${headers.length} ${headers.length + size}`;
  parser.push(Buffer.from(`${line}\r\n${headers}${payload}\r\n`));
  return { sequence: reader.sequence, duplicate: reader.duplicate, error: reader.error };
}

function acknowledgements(stream: fc.Arbitrary<string>) {
  return fc.record(
    { stream, seq: fc.integer({ min: 1, max: 2 ** 40 }), domain: fc.constant("seq"), duplicate: fc.boolean() },
    { requiredKeys: ["stream", "seq"] },
  );
}

test("an acknowledgement reads as JSON.parse reads it, whatever the order of its fields", () => {
  const ack = acknowledgements(fc.stringMatching(/^[A-Z_0-9]{1,20}$/));
  fc.assert(
    fc.property(ack, fc.boolean(), fc.boolean(), (fields, reversed, pretty) => {
      const entries = Object.entries(fields);
      const ordered = Object.fromEntries(reversed ? entries.reverse() : entries);
      const result = read(JSON.stringify(ordered, undefined, pretty ? 1 : undefined));
      expect(result).toEqual({ sequence: fields.seq, duplicate: fields.duplicate === true, error: undefined });
    }),
  );
});

test("after any answers the next one reads as if it were the first", () => {
  const answer = fc.oneof(
    fc.tuple(acknowledgements(fc.constantFrom("S", "T")), fc.boolean()).map(([fields, reversed]) => {
      const entries = Object.entries(fields);
      return JSON.stringify(Object.fromEntries(reversed ? entries.reverse() : entries));
    }),
    fc.constantFrom(
      '{"error":{"code":503,"err_code":10077},"stream":"S","seq":0}',
      '{"stream":"S","seq":}',
      '{"stream":"S","seq":1',
      "{}",
      "",
    ),
  );
  fc.assert(
    fc.property(fc.array(answer, { minLength: 2, maxLength: 8 }), (answers) => {
      const reader = new PubAckReader();
      expect(answers.map((text) => read(text, "", reader))).toEqual(answers.map((text) => read(text)));
    }),
    { numRuns: 500 },
  );
});

test("an error reply gives its err_code", () => {
  const reply = { error: { code: 503, err_code: 10077, description: "maximum messages exceeded" }, stream: "S", seq: 0 };
  expect(read(JSON.stringify(reply)).error).toBe("10077");
});

test("a status gives its code, and what is no acknowledgement is unreadable", () => {
  expect(read("", "NATS/1.0 503\r\n\r\n").error).toBe("status-503");
  for (const payload of ["", "{}", "garbage", '{"seq":', '{"seq":0}', '{"error":{}}', '"', '{"stream":"seq"}']) {
    expect(read(payload).error).toBe("unreadable");
  }
});
