import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isWireError } from "./errors.ts";
import { Headers } from "./headers.ts";

const name = fc.stringMatching(/^[!-9;-~]{1,10}$/);
const value = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, "").trim());

test("headers survive encoding in order, with case and repetition", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), (entries) => {
      expect([...Headers.parse(new Headers(entries).encode())]).toEqual(entries);
    }),
  );
});

test("a name is looked up in its own case and gives all its values", () => {
  const headers = new Headers({ Key: ["one", "two"], key: "three" });
  expect(headers.values("Key")).toEqual(["one", "two"]);
  expect(headers.get("key")).toBe("three");
  expect(headers.get("KEY")).toBeUndefined();
  expect(headers.toRecord()).toEqual({ Key: ["one", "two"], key: ["three"] });
});

test.each([
  ["NATS/1.0 503\r\n\r\n", { code: 503, description: "" }],
  ["NATS/1.0 404 No Messages\r\n\r\n", { code: 404, description: "No Messages" }],
  ["NATS/1.0\r\n\r\n", undefined],
  [
    "NATS/1.0   409   Message Size Exceeds MaxBytes\r\nNats-Pending-Messages: 1\r\n\r\n",
    { code: 409, description: "Message Size Exceeds MaxBytes" },
  ],
])("the status line %j is read", (block, status) => {
  expect(Headers.parse(Buffer.from(block)).status).toEqual(status);
});

test.each([
  "",
  "NATS/1.0",
  "NATS/1.0\r\n",
  "HTTP/1.1 200\r\n\r\n",
  "NATS/1.0 abc\r\n\r\n",
  "NATS/1.0\r\nno colon\r\n\r\n",
  "NATS/1.0\r\n: x\r\n\r\n",
])("the malformed block %j is a protocol error", (block) => {
  expect(() => Headers.parse(Buffer.from(block))).toThrow(expect.toSatisfy((error) => isWireError(error, "WIRE_PROTOCOL")));
});

test("a field that would break out of its line is refused", () => {
  for (const [badName, badValue] of [
    ["a:b", "x"],
    ["a b", "x"],
    ["", "x"],
    ["a", "x\r\nb: y"],
  ] as const) {
    expect(() => new Headers().append(badName, badValue)).toThrow(expect.toSatisfy((error) => isWireError(error, "WIRE_ARGUMENT_INVALID")));
  }
});
