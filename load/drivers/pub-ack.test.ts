import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameParser } from "../../wire/parser.ts";
import { type PubAck, readPubAck } from "./pub-ack.ts";

function read(payload: string, headers = ""): PubAck {
  const ack: PubAck = { sequence: 0, duplicate: false, error: undefined };
  const parser = new FrameParser({ message: (frame) => readPubAck(frame, ack), control: () => undefined });
  const size = Buffer.byteLength(payload);
  const line = headers === "" ? `MSG a 1 ${size}` : `HMSG a 1 ${headers.length} ${headers.length + size}`;
  parser.push(Buffer.from(`${line}\r\n${headers}${payload}\r\n`));
  return ack;
}

test("an acknowledgement reads as JSON.parse reads it, whatever the order of its fields", () => {
  const ack = fc.record(
    {
      stream: fc.stringMatching(/^[A-Z_0-9]{1,20}$/),
      seq: fc.integer({ min: 1, max: 2 ** 40 }),
      domain: fc.constant("seq"),
      duplicate: fc.boolean(),
    },
    { requiredKeys: ["stream", "seq"] },
  );
  fc.assert(
    fc.property(ack, fc.boolean(), fc.boolean(), (fields, reversed, pretty) => {
      const entries = Object.entries(fields);
      const ordered = Object.fromEntries(reversed ? entries.reverse() : entries);
      const result = read(JSON.stringify(ordered, undefined, pretty ? 1 : undefined));
      expect(result).toEqual({ sequence: fields.seq, duplicate: fields.duplicate === true, error: undefined });
    }),
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
