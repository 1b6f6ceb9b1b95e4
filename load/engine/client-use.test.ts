import { expect, test } from "vitest";
import { clientBoundOf, startClientMeter } from "./client-use.ts";

test.each([
  [{ cpuShare: 0.9, busyShare: 0.5 }, "used 90 % of a core"],
  [{ cpuShare: 0.5, busyShare: 0.99 }, "busy 99 % of the time"],
  [{ cpuShare: 0.85, busyShare: 0.95 }, undefined],
])("%o: %s", (use, reason) => {
  const said = clientBoundOf(use);
  expect(reason === undefined ? said === undefined : said?.includes(reason)).toBe(true);
});

test("the meter counts the CPU time that was used, whatever the clock says", () => {
  const usedMs = 30;
  const begin = performance.now();
  const meter = startClientMeter();
  const before = process.cpuUsage();
  const spent = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  while (spent() < usedMs) {
    // Only CPU time passes the test, on a busy machine too.
  }
  const { cpuShare } = meter();
  const elapsedMs = performance.now() - begin;
  expect(cpuShare * elapsedMs).toBeGreaterThanOrEqual(usedMs);
});
