import { expect, test } from "vitest";
import { parseDuration, parseSize, toWireNumbers } from "./quantities.ts";

test("durations are nanoseconds", () => {
  expect([parseDuration("250ms"), parseDuration("1.5s"), parseDuration("1h30m"), parseDuration("1d")]).toEqual([
    250_000_000n,
    1_500_000_000n,
    5_400_000_000_000n,
    86_400_000_000_000n,
  ]);
  expect([parseDuration("2"), parseDuration("s"), parseDuration("2 s"), parseDuration("-1s")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("sizes are bytes, decimal and binary", () => {
  expect([parseSize("4KiB"), parseSize("8MB"), parseSize("100B"), parseSize("1.5KiB"), parseSize("4K")]).toEqual([
    4096,
    8_000_000,
    100,
    1536,
    undefined,
  ]);
});

test("unit text becomes a number only in the fields that carry one, also behind an operator", () => {
  expect(
    toWireNumbers({ max_age: "1s", description: "1s", state: { bytes: { lte: "4KiB" } }, max_msg_size: { oneOf: ["1KiB", -1] } }),
  ).toEqual({
    max_age: 1_000_000_000n,
    description: "1s",
    state: { bytes: { lte: 4096 } },
    max_msg_size: { oneOf: [1024, -1] },
  });
});

test("sequences given as text become exact numbers", () => {
  expect(toWireNumbers({ seq: "18446744073709551615", last_by_subj: "7" })).toEqual({ seq: 18446744073709551615n, last_by_subj: "7" });
});
