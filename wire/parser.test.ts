import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isWireError } from "./errors.ts";
import { FrameParser, type ParserLimits } from "./parser.ts";

/** What the sink saw, as plain text; copies, because positions are valid during the call only. */
function parseAll(chunks: readonly Buffer[], limits?: ParserLimits): string[] {
  const seen: string[] = [];
  const parser = new FrameParser(
    {
      message: (frame) => {
        const text = (start: number, end: number) => frame.bytes.toString("latin1", start, end);
        const names = [
          text(frame.subjectStart, frame.subjectEnd),
          text(frame.sidStart, frame.sidEnd),
          text(frame.replyStart, frame.replyEnd),
        ];
        seen.push(JSON.stringify([...names, text(frame.headersStart, frame.headersEnd), text(frame.payloadStart, frame.payloadEnd)]));
      },
      control: (verb, argument) => seen.push(JSON.stringify([verb, argument])),
    },
    limits,
  );
  for (const chunk of chunks) {
    parser.push(chunk);
  }
  return seen;
}

const token = fc.stringMatching(/^[a-zA-Z0-9_$.*>-]{1,12}$/);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(Buffer.from("MSG a 1 3\r\nabc\r\n")),
  fc.uint8Array({ minLength: 5000, maxLength: 9000 }),
);
const blanks = fc.constantFrom(" ", "  ", "\t", " \t ");

const messageFrame = fc
  .record({
    subject: token,
    sid: fc.nat(),
    reply: fc.option(token),
    headers: fc.option(payload),
    body: payload,
    blank: blanks,
    lower: fc.boolean(),
  })
  .map(({ subject, sid, reply, headers, body, blank, lower }) => {
    const verb = headers === null ? "MSG" : "HMSG";
    const total = (headers?.length ?? 0) + body.length;
    const sizes = headers === null ? [total] : [headers.length, total];
    const words = [lower ? verb.toLowerCase() : verb, subject, sid, ...(reply === null ? [] : [reply]), ...sizes];
    const bytes = Buffer.concat([Buffer.from(`${words.join(blank)}\r\n`), headers ?? Buffer.alloc(0), body, Buffer.from("\r\n")]);
    const latin1 = (part: Uint8Array | null) => (part === null ? "" : Buffer.from(part).toString("latin1"));
    return { bytes, seen: JSON.stringify([subject, String(sid), reply ?? "", latin1(headers), latin1(body)]) };
  });

const controlFrame = fc.constantFrom(
  { bytes: Buffer.from("PING\r\n"), seen: '["PING",""]' },
  { bytes: Buffer.from("pong\r\n"), seen: '["PONG",""]' },
  { bytes: Buffer.from("+OK\r\n"), seen: '["+OK",""]' },
  { bytes: Buffer.from("-ERR 'Invalid Subject'\r\n"), seen: '["-ERR","\'Invalid Subject\'"]' },
  { bytes: Buffer.from('INFO {"a":1} \r\n'), seen: '["INFO","{\\"a\\":1}"]' },
);

const stream = fc.array(fc.oneof(messageFrame, controlFrame), { minLength: 1, maxLength: 12 });

test("frames are the same whatever the split points", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
      const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
      const chunks = [0, ...points].map((start, index) => Buffer.from(bytes.subarray(start, points[index] ?? bytes.length)));
      expect(parseAll(chunks)).toEqual(frames.map((frame) => frame.seen));
    }),
    { numRuns: 300 },
  );
});

test("every single split point and byte-by-byte delivery give the same frames", () => {
  const bytes = Buffer.from(
    "INFO {} \r\nMSG a.b 1  3\r\nx\r\n\r\nHMSG a 2 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n-ERR 'x'\r\nMSG a 3 0\r\n\r\n+OK\r\n",
  );
  const whole = parseAll([bytes]);
  expect(whole).toHaveLength(7);
  for (let at = 0; at <= bytes.length; at++) {
    expect(parseAll([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))])).toEqual(whole);
  }
  expect(parseAll([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
});

test.each([
  ["an unknown verb", "HELLO\r\n"],
  ["HTTP", "HTTP/1.1 400 Bad Request\r\n"],
  ["an empty line", "\r\n"],
  ["a garbage byte without a line end", "\u0000"],
  ["a message without a size", "MSG a 1\r\n"],
  ["a size that is no number", "MSG a 1 x\r\n"],
  ["too many arguments", "MSG a 1 r q 3 4\r\n"],
  ["a negative size", "MSG a 1 -1\r\n"],
  ["a header size over the total", "HMSG a 1 9 3\r\n"],
  ["a size over the limit", "MSG a 1 9999999999\r\n"],
  ["a payload longer than its size", "MSG a 1 1\r\nxyz\r\n"],
  ["a payload that ends with LF only", "MSG a 1 1\r\nx\nPING\r\n"],
  ["a verb glued to its subject", "MSGX a 1 0\r\n\r\n"],
])("%s is a protocol error", (_, text) => {
  expect(codeOf(() => parseAll([Buffer.from(text)]))).toBe("WIRE_PROTOCOL");
});

test("a control line over the limit is refused before its end arrives", () => {
  const limits = { lineBytesMax: 100, messageBytesMax: 1000 };
  for (const verb of ["INFO ", "MSG "]) {
    expect(codeOf(() => parseAll([Buffer.from(verb), Buffer.from("x".repeat(60)), Buffer.from("x".repeat(60))], limits))).toBe(
      "WIRE_PROTOCOL",
    );
  }
});

test("arbitrary bytes end in frames or a protocol error, never in another exception", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          stream.map(([first]) => first!.bytes),
        ),
        { maxLength: 8 },
      ),
      (chunks) => {
        expect(codeOf(() => parseAll(chunks.map((chunk) => Buffer.from(chunk))))).toBeOneOf([undefined, "WIRE_PROTOCOL"]);
      },
    ),
    { numRuns: 500 },
  );
});

test("stop within a control call returns the bytes behind that frame and takes nothing more", () => {
  for (const at of [3, 6, 9]) {
    const bytes = Buffer.from("PONG\r\nINFO {} \r\n");
    let rest: Buffer | undefined;
    const parser = new FrameParser({
      message: () => undefined,
      control: () => {
        rest = parser.stop();
      },
    });
    parser.push(Buffer.from(bytes.subarray(0, at)));
    const restOfFirst = rest;
    parser.push(Buffer.from(bytes.subarray(at)));
    expect((rest ?? Buffer.alloc(0)).toString()).toBe(at < 6 ? "INFO {} \r\n" : bytes.toString("latin1", 6, at));
    expect(restOfFirst === undefined).toBe(at < 6);
  }
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return isWireError(error) ? error.code : String(error);
  }
}
