import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashOctets } from "../protocol/octets.ts";
import { SubjectTable } from "./subject-table.ts";

function intern(table: SubjectTable, text: string) {
  const bytes = Buffer.from(`..${text}..`);
  return table.intern(bytes, 2, bytes.length - 2, hashOctets(bytes, 2, bytes.length - 2));
}

test("the same subject is the same object", () => {
  const table = new SubjectTable();
  expect(intern(table, "a.b")).toBe(intern(table, "a.b"));
  expect(intern(table, "a.b")).not.toBe(intern(table, "a.c"));
  expect(table.internText("a.b")).toBe(intern(table, "a.b"));
});

test("a table that is too small still answers with the right subject", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 6 }), { maxLength: 200 }), (texts) => {
      const table = new SubjectTable(3);
      for (const text of texts) {
        expect(intern(table, text).text).toBe(text);
      }
    }),
  );
});

test("a subject in use outlives a flood of others that come once", () => {
  const table = new SubjectTable(4);
  const kept = intern(table, "busy");
  let lost = 0;
  for (let each = 0; each < 1000; each++) {
    intern(table, `once.${each}`);
    lost += intern(table, "busy") === kept ? 0 : 1;
  }
  expect(lost).toBe(0);
});
