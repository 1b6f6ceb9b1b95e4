import { array, assert, constant, integer, nat, oneof, property, record } from "fast-check";
import { expect, test } from "vitest";
import { Content, sectorBytes } from "./content.ts";

/** Two plain arrays of bytes: what the chunks must amount to. */
class Model {
  now = Buffer.alloc(0);
  durable = Buffer.alloc(0);
  write(offset: number, bytes: Buffer): void {
    const size = Math.max(this.now.length, offset + bytes.length);
    this.now = Buffer.concat([this.now, Buffer.alloc(size - this.now.length)]);
    bytes.copy(this.now, offset);
  }
  truncate(size: number): void {
    this.now = Buffer.concat([this.now.subarray(0, size), Buffer.alloc(Math.max(0, size - this.now.length))]);
  }
  sync(): void {
    this.durable = Buffer.from(this.now);
  }
}

const operation = oneof(
  record({ do: constant("write" as const), offset: nat(70_000), length: integer({ min: 1, max: 40_000 }), byte: nat(255) }),
  record({ do: constant("truncate" as const), size: nat(90_000) }),
  record({ do: constant("sync" as const) }),
);

test("any sequence of writes, truncations and syncs gives the bytes that two plain arrays would hold", () => {
  assert(
    property(array(operation, { maxLength: 25 }), (operations) => {
      const content = new Content();
      const model = new Model();
      for (const each of operations) {
        if (each.do === "write") {
          const bytes = Buffer.alloc(each.length, each.byte);
          content.write(each.offset, bytes);
          model.write(each.offset, bytes);
        } else if (each.do === "truncate") {
          content.truncate(each.size);
          model.truncate(each.size);
        } else {
          content.sync();
          model.sync();
        }
      }
      expect(content.size).toBe(model.now.length);
      expect(content.read(0, 200_000).equals(model.now)).toBe(true);
      expect(content.readDurable(0, 200_000).equals(model.durable)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a write to a file opened with O_SYNC makes its own bytes durable and no others", () => {
  const content = new Content();
  content.write(0, Buffer.alloc(100, "a"));
  content.write(200, Buffer.alloc(100, "b"));
  content.sync(200, 100);
  expect(content.readDurable(0, 300)).toEqual(Buffer.concat([Buffer.alloc(200), Buffer.alloc(100, "b")]));
  expect(content.pendingWrites).toEqual([{ offset: 0, length: 100 }]);
});

test("only sectors that differ count as unsynced", () => {
  const content = new Content();
  content.write(0, Buffer.alloc(4096, "a"));
  content.sync();
  content.write(0, Buffer.alloc(2048, "a"));
  content.write(sectorBytes, Buffer.from("b"));
  expect(content.unsyncedSectors()).toEqual([1]);
});
