import { expect, test } from "vitest";
import { decodeInit, decodeNames, decodeRequest, decodeSetAttributes, encodeAnswer, initReply, namesReply, opcodes } from "./protocol.ts";

function request(opcode: number, body: Buffer): Buffer {
  const head = Buffer.alloc(40);
  head.writeUInt32LE(40 + body.length, 0);
  head.writeUInt32LE(opcode, 4);
  head.writeBigUInt64LE(77n, 8);
  head.writeBigUInt64LE(5n, 16);
  head.writeUInt32LE(4711, 32);
  return Buffer.concat([head, body]);
}

test("a request is taken apart into its operation, node, thread and body", () => {
  const decoded = decodeRequest(request(opcodes.lookup, Buffer.from("a b\0")));
  expect(decoded).toMatchObject({ operation: "lookup", unique: 77n, node: 5, thread: 4711 });
  expect(decodeNames(decoded.body, 0)).toEqual(["a b"]);
});

test("extensions behind the body are no part of it", () => {
  const bytes = request(opcodes.mkdir, Buffer.from("12345678"));
  bytes.writeUInt16LE(1, 36);
  expect(decodeRequest(bytes).body.length).toBe(0);
});

test("an operation that is not known has no name", () => {
  expect(decodeRequest(request(4095, Buffer.alloc(0)))).toMatchObject({ operation: undefined, opcode: 4095 });
});

test("of a change of attributes only the valid ones are seen", () => {
  const body = Buffer.alloc(88);
  body.writeUInt32LE((1 << 3) | (1 << 0), 0);
  body.writeBigUInt64LE(123_456_789_012n, 16);
  body.writeUInt32LE(0o600, 68);
  expect(decodeSetAttributes(body)).toEqual({ mode: 0o600, uid: undefined, gid: undefined, size: 123_456_789_012, modifiedMs: undefined });
});

test("the kernel gets back only flags that it offered, and large writes", () => {
  const body = Buffer.alloc(64);
  [7, 45, 0, 0xffff_ffff, 0].forEach((value, index) => body.writeUInt32LE(value, index * 4));
  const reply = initReply(decodeInit(body));
  expect(reply.length).toBe(64);
  expect(reply.readUInt32LE(4)).toBe(38);
  expect(reply.readUInt32LE(20)).toBe(1024 * 1024);
  expect(reply.readUInt32LE(32)).toBe(0);
});

test("names are listed from an offset on, as many as fit, each at a multiple of eight", () => {
  const names = ["a", "longer-name", "c"].map((name, index) => ({ name, id: index + 2, mode: 0o100644 }));
  const reply = namesReply(names, { start: 1, bytesMax: 60 });
  expect(reply.length).toBe(40);
  expect(reply.readBigUInt64LE(0)).toBe(3n);
  expect(reply.readBigUInt64LE(8)).toBe(2n);
  expect(reply.toString("latin1", 24, 35)).toBe("longer-name");
});

test("an answer carries its request's number, and an error as a negative number", () => {
  const bytes = encodeAnswer(9n, "ENOSPC");
  expect([bytes.length, bytes.readInt32LE(4), bytes.readBigUInt64LE(8)]).toEqual([16, -28, 9n]);
  expect(encodeAnswer(9n, Buffer.from("ab")).length).toBe(18);
});
