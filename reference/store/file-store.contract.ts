/** Short words for the tests of the file store. */
import { expect } from "vitest";
import type { CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { type OpenedStore, openStore, type StoreOptions } from "./open-store.ts";
import { emptyView, subject } from "./stream-store.contract.ts";
import type { StoredStream } from "./stream-store.ts";

export const directory = "/data/jetstream";
export const encoder = new TextEncoder();
export const decoder = new TextDecoder();
export const nothing = new Uint8Array(0);

export function open(disk: CrashableDisk, options: Partial<StoreOptions> = {}): Promise<OpenedStore> {
  return openStore({
    directory,
    disk: disk.session(),
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    syncPolicy: "always",
    segmentBytes: 8192,
    cacheBytes: 256 * 1024,
    checkpointSegments: 4,
    ...options,
  });
}

export function definition(name = "S"): Parameters<OpenedStore["store"]["createStream"]>[0] {
  return { account: "$G", name, storage: "file", createdNs: 5n, config: encoder.encode(`{"name":"${name}"}`) };
}

export function publish(stream: StoredStream, payload: string, more: { on?: string; id?: string; timeNs?: bigint } = {}): number {
  const { on = "a", id, timeNs = 1_700_000_000_000_000_000n } = more;
  return stream.messages.append({ subject: subject(on), headers: nothing, payload: encoder.encode(payload), timeNs, messageId: id });
}

export function payloadOf(stream: StoredStream, sequence: number): string | undefined {
  const view = emptyView();
  return stream.messages.read(sequence, view) ? decoder.decode(view.buffer.subarray(view.payloadStart, view.payloadEnd)) : undefined;
}

export function only(opened: OpenedStore): StoredStream {
  expect(opened.streams).toHaveLength(1);
  const [recovered] = opened.streams;
  if (recovered === undefined) {
    throw new Error("no stream was recovered");
  }
  return recovered.stream;
}

/** Lets what runs in the background on a disk in memory go on. */
export async function microtasks(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    await Promise.resolve();
  }
}
