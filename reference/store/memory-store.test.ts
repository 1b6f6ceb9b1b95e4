import { expect, test } from "vitest";
import { openMemoryOnlyStore } from "./memory-store.ts";
import { MemoryStream } from "./memory-stream.ts";
import { emptyView, streamStoreContract, subject } from "./stream-store.contract.ts";

streamStoreContract(() => ({ stream: new MemoryStream(), turn: () => {}, dispose: () => {} }));

const definition = { account: "$G", name: "S", createdNs: 1n, config: new Uint8Array(0) } as const;

test("every epoch of a memory-only store is durable once committed", () => {
  const store = openMemoryOnlyStore();
  const { epoch } = store;
  store.createStream({ ...definition, storage: "memory" });
  expect(store.durableEpoch).toBeLessThan(epoch);
  store.commit();
  expect(store.durableEpoch).toBe(epoch);
});

test("a memory-only store refuses file streams", () => {
  expect(() => openMemoryOnlyStore().createStream({ ...definition, storage: "file" })).toThrow(
    expect.objectContaining({ code: "no-directory" }),
  );
});

test("a first sequence is handed out first", () => {
  const { messages } = openMemoryOnlyStore().createStream({ ...definition, storage: "memory", firstSequence: 100 });
  expect(messages.state).toMatchObject({ firstSequence: 100, lastSequence: 99 });
  expect(messages.append({ subject: subject("a"), headers: new Uint8Array(0), payload: new Uint8Array(0), timeNs: 1n })).toBe(100);
});

test("usage counts the streams that exist", () => {
  const store = openMemoryOnlyStore();
  const stream = store.createStream({ ...definition, storage: "memory" });
  stream.messages.append({ subject: subject("a"), headers: new Uint8Array(0), payload: new Uint8Array(100), timeNs: 1n });
  expect(store.usage.memoryBytes).toBe(117);
  stream.delete();
  expect(store.usage.memoryBytes).toBe(0);
});

test("a long-lived message survives the blocks around it being given back", () => {
  const stream = new MemoryStream();
  const payload = new Uint8Array(1_000).fill(7);
  for (let at = 1; at <= 20_000; at += 1) {
    stream.append({ subject: subject("a"), headers: new Uint8Array(0), payload, timeNs: BigInt(at) });
    if (at > 2 && at % 1_000 !== 2) {
      stream.remove(at - 1);
    }
  }
  const view = emptyView();
  for (let at = 1; at < 20_000; at += 1_000) {
    expect(stream.read(at, view)).toBe(true);
    expect(view.buffer.subarray(view.payloadStart, view.payloadEnd)).toEqual(payload);
  }
  expect(stream.heldBytes).toBeLessThan(8 * 1024 * 1024);
});
