import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FlowWindow } from "./push-flow-window.ts";
import { RateLimit } from "./push-rate-limit.ts";

const mebibyte = 1024 * 1024;

/** Sends until the window stalls; how many bytes went out. */
function fill(window: FlowWindow, bytes: number): number {
  let sent = 0;
  for (let next = 0; !window.isStalled; next += 1) {
    if (window.sent(bytes)) {
      window.ask(`ask.${next}`);
    }
    sent += bytes;
  }
  return sent;
}

test("the window is 2 MiB at first and never more than 32 MiB, whoever answers", () => {
  const window = new FlowWindow();
  const filled: number[] = [];
  for (let answers = 0; answers < 8; answers += 1) {
    fill(window, 1000);
    filled.push(Math.round(window.outstandingBytes / mebibyte));
    expect(window.answered(window.asked)).toBe(true);
  }
  expect(filled).toEqual([2, 4, 8, 16, 32, 32, 32, 32]);
});

test("an answer counts once", () => {
  const window = new FlowWindow();
  fill(window, 1000);
  const { asked } = window;
  expect([window.answered("other"), window.answered(asked), window.answered(asked)]).toEqual([false, true, false]);
});

test("a message larger than the window does not stall for good", () => {
  const window = new FlowWindow();
  if (window.sent(5 * mebibyte)) {
    window.ask("first");
  }
  expect(window.isStalled).toBe(true);
  window.answered("first");
  expect(window.isStalled).toBe(false);
});

test("an answer confirms a message larger than the window that left behind its request", () => {
  const window = new FlowWindow();
  window.sent(1.5 * mebibyte);
  window.ask("first");
  window.sent(9 * mebibyte);
  window.answered("first");
  expect([window.isStalled, window.outstandingBytes]).toEqual([false, 0]);
});

test("a rate limit never lets more through than a burst and what the time allows", () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 500 }), bytes: fc.integer({ min: 1, max: 1000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limit = new RateLimit({ bitsPerSecond: 80_000, burstBytes: 1000, nowMs: 0 });
      let nowMs = 0;
      let passed = 0;
      for (const { waitMs, bytes } of steps) {
        nowMs += waitMs;
        if (limit.dueMs(bytes, nowMs) <= nowMs) {
          limit.take(bytes);
          passed += bytes;
        }
        // Ten bytes a millisecond; the last fraction of a byte is rounding.
        expect(passed).toBeLessThanOrEqual(1000 + nowMs * 10 + 1e-6);
      }
    }),
  );
});

test("what has to wait may leave exactly when it was told", () => {
  const limit = new RateLimit({ bitsPerSecond: 8000, burstBytes: 1000, nowMs: 0 });
  limit.take(1000);
  expect(limit.dueMs(500, 0)).toBe(500);
  expect(limit.dueMs(500, 499)).toBeGreaterThan(499);
  expect(limit.dueMs(500, 500)).toBe(500);
});

test("a message larger than the burst waits for a full bucket, and is paid off before the next", () => {
  const limit = new RateLimit({ bitsPerSecond: 8000, burstBytes: 1000, nowMs: 0 });
  expect(limit.dueMs(3000, 0)).toBe(0);
  limit.take(3000);
  expect(limit.dueMs(1, 0)).toBe(2001);
});
