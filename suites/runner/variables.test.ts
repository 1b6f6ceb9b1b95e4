import { expect, test } from "vitest";
import { substitute, UnknownVariable, variablesIn } from "./variables.ts";

const bindings = { storage: "file", got: { messages: [{ seq: 9007199254740993n, reply: "$JS.ACK.x" }] }, size: 3 };

test("a text that is only a variable becomes the value itself", () => {
  expect(substitute({ a: ["$size", "$got.messages.0.seq"] }, bindings)).toEqual({ a: [3, 9007199254740993n] });
});

test("inside longer text a variable becomes text, 64-bit numbers unrounded", () => {
  expect(substitute("s.${storage}.${got.messages.0.seq}", bindings)).toBe("s.file.9007199254740993");
});

test("capital names and bare dollars are no variables", () => {
  expect(substitute(["$JS.API.INFO", "$KV", "$", "a$storage"], bindings)).toEqual(["$JS.API.INFO", "$KV", "$", "a$storage"]);
});

test("an unknown name is kept for a later stage, or refused with the known ones", () => {
  expect(substitute("$later.x", bindings, { partial: true })).toBe("$later.x");
  expect(() => substitute("$got.messages.1", bindings)).toThrow(UnknownVariable);
  expect(() => substitute("$later", bindings)).toThrow("known: $storage, $got, $size");
});

test("an inherited property is no value", () => {
  expect(() => substitute("$got.constructor", bindings)).toThrow(UnknownVariable);
});

test("the names used anywhere are found", () => {
  expect(variablesIn({ a: "$got.x", b: ["${storage}-${size}", "$JS.X"] })).toEqual(["got", "storage", "size"]);
});
