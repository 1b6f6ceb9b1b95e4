/** Atomic batches, right and wrong in every way. */
import { api, info, type Step } from "./official-steps.contract.ts";

export const batch = (sequence: number, more: Readonly<Record<string, string>> = {}, id = "b") => ({
  "Nats-Batch-Id": id,
  "Nats-Batch-Sequence": String(sequence),
  ...more,
});
export const commit = { "Nats-Batch-Commit": "1" };

export const atomicSteps: readonly Step[] = [
  ["s.a", "one", batch(1)],
  ["s.b", "two", batch(2)],
  info("S"),
  ["s.c", "three", batch(3, commit)],
  info("S"),
  api("STREAM.MSG.GET.S", { seq: 3 }),
  ["s.a", "one", batch(1)],
  ["s.a", "two", batch(2)],
  ["s.a", "", batch(3, { "Nats-Batch-Commit": "eob" })],
  api("STREAM.MSG.GET.S", { seq: 5 }),
  ["s.a", "alone", batch(1, commit)],
  // What goes wrong before the commit.
  ["s.a", "", batch(2)],
  ["s.a", "", batch(2000)],
  ["s.a", "", { "Nats-Batch-Id": "b" }],
  ["s.a", "", batch(1, {}, "x".repeat(65))],
  ["s.a", "", batch(1, { "Nats-Batch-Commit": "2" })],
  ["s.a", "", batch(1, { "Nats-Batch-Commit": "eob" })],
  ["s.a", "", batch(1)],
  ["s.a", "", batch(3)],
  ["s.a", "", batch(1, { "Nats-Required-Api-Level": "99" })],
  ["s.a", "", batch(1, { "Nats-Required-Api-Level": "2", ...commit })],
  api("STREAM.MSG.GET.S", { seq: 7 }),
  // What goes wrong at the commit.
  ...[
    { "Nats-Expected-Last-Msg-Id": "m" },
    { "Nats-Expected-Last-Sequence": "1" },
    { "Nats-Expected-Last-Sequence": "8" },
    { "Nats-Expected-Last-Subject-Sequence": "3" },
    { "Nats-Expected-Last-Subject-Sequence": "0", "Nats-Expected-Last-Subject-Sequence-Subject": "s.first" },
    { "Nats-Expected-Last-Subject-Sequence-Subject": "s.first" },
    { "Nats-Expected-Stream": "other" },
    { "Nats-Incr": "1" },
    { "Nats-TTL": "5" },
    { "Nats-TTL": "x" },
    { "Nats-Rollup": "all" },
    { "Nats-Rollup": "half" },
    { "Nats-Schedule": "@every 5s" },
    { "Nats-Stream-Source": "x" },
    { "Nats-Msg-Id": "m1" },
    { "Nats-Msg-Id": "m1" },
  ].flatMap((headers): Step[] => [
    ["s.first", "", batch(1)],
    ["s.a", "", batch(2, { ...headers, ...commit })],
  ]),
  ["s.a", "", batch(1, { "Nats-Msg-Id": "m2" })],
  ["s.a", "", batch(2, { "Nats-Msg-Id": "m2", ...commit })],
  ["s.a", "", batch(1, { "Nats-Rollup": "sub" })],
  ["s.a", "", batch(2, { "Nats-Rollup": "sub", ...commit })],
  ["s.b", "", batch(1, { "Nats-Rollup": "sub", ...commit })],
];
